import { hasRoom, type Limits, withinCapacity } from './room.ts';
import type { Task } from './schedule.ts';

/** A stage that is not done yet. */
export interface TimedTask extends Task {
  /** Milliseconds that it will still take; undefined if nobody knows. */
  readonly left_ms: number | undefined;
  readonly isRunning: boolean;
}

export interface TimeLeft {
  readonly left_ms: number;
  /** Stages of which nobody knows how long they take: they count as taking no time. */
  readonly unknown: number;
}

/**
 * How long stages will take together, if each takes as long as expected and room is given in the order of the tasks. What a
 * task needs and is not among them is done.
 */
export function timeLeft(tasks: readonly TimedTask[], limits: Limits): TimeLeft {
  const places = new Map(tasks.map(({ id }, place) => [id, place]));
  const needs = tasks.map(({ needs, collects = [] }) =>
    [...new Set([...needs, ...collects.flat()])].flatMap((id) => places.get(id) ?? []),
  );
  const missing = needs.map(({ length }) => length);
  const neededBy = tasks.map((): number[] => []);
  for (const [place, producers] of needs.entries())
    for (const producer of producers) neededBy[producer]!.push(place);
  const shares = tasks.map(({ resources, ...task }) => ({
    ...task,
    resources: withinCapacity(resources, limits.capacity),
  }));
  let now = 0;
  let running = tasks.flatMap((task, place) => (task.isRunning ? [{ place, end: task.left_ms ?? 0 }] : []));
  const ready = tasks.flatMap((task, place) => (missing[place] === 0 && !task.isRunning ? [place] : []));
  for (;;) {
    for (let next = 0; next < ready.length && running.length < limits.jobs; ) {
      const place = ready[next]!;
      const others = running.map(({ place }) => shares[place]!);
      if (!hasRoom(shares[place]!, others, limits)) next++;
      else {
        ready.splice(next, 1);
        running.push({ place, end: now + (tasks[place]!.left_ms ?? 0) });
      }
    }
    if (running.length === 0) break;
    const first = running.reduce((one, other) => (other.end < one.end ? other : one));
    now = Math.max(now, first.end);
    running = running.filter((task) => task !== first);
    for (const place of neededBy[first.place]!) {
      missing[place]!--;
      if (missing[place] === 0 && !tasks[place]!.isRunning) insert(ready, place);
    }
  }
  return { left_ms: Math.round(now), unknown: tasks.filter(({ left_ms }) => left_ms === undefined).length };
}

/** Puts a number into a sorted list. */
function insert(sorted: number[], value: number): void {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  sorted.splice(low, 0, value);
}

/**
 * The tasks, of which producers come first, in the order in which to give them room: what begins the longest way to the end
 * comes first. A task whose time is not known counts as an average one; where none is known the order stays.
 */
export function longestPathFirst<T extends TimedTask>(tasks: readonly T[]): readonly T[] {
  const known = tasks.flatMap(({ left_ms = 0 }) => (left_ms > 0 ? left_ms : []));
  if (known.length === 0) return tasks;
  const average = known.reduce((sum, time) => sum + time, 0) / known.length;
  const after = new Map<string, number>();
  const ways = new Map<string, number>();
  for (const { id, needs, collects = [], left_ms = average } of [...tasks].reverse()) {
    const way = left_ms + (after.get(id) ?? 0);
    ways.set(id, way);
    for (const need of [...needs, ...collects.flat()]) after.set(need, Math.max(after.get(need) ?? 0, way));
  }
  return [...tasks].sort((one, other) => ways.get(other.id)! - ways.get(one.id)!);
}
