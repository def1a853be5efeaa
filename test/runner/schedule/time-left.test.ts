import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasRoom, type Limits, withinCapacity } from '../../../src/runner/schedule/room.ts';
import { Schedule } from '../../../src/runner/schedule/schedule.ts';
import { longestPathFirst, type TimedTask, timeLeft } from '../../../src/runner/schedule/time-left.ts';

const LIMITS: Limits = { jobs: 2, capacity: { cpu: 4, gpu: 1, memory: 8 } };

const task = (id: string, left_ms: number | undefined, needs: readonly string[] = []): TimedTask => ({
  ...{ id, needs, left_ms, class: 'any', atMost: 99, isRunning: false },
  resources: { cpu: 1, gpu: 0, memory: 1 },
});

describe('the time left', () => {
  it('is that of the longest way where there is room for all', () => {
    const tasks = [task('a', 10), task('b', 20, ['a']), task('c', 5, ['a'])];
    expect(timeLeft(tasks, LIMITS)).toEqual({ left_ms: 30, unknown: 0 });
  });

  it('is longer where there are fewer jobs, or a stage leaves no room', () => {
    const tasks = [task('a', 10), task('b', 10), task('c', 10)];
    expect(timeLeft(tasks, LIMITS).left_ms).toBe(20);
    expect(timeLeft(tasks, { ...LIMITS, jobs: 1 }).left_ms).toBe(30);
    const greedy = { ...task('d', 10), resources: { cpu: 64, gpu: 0, memory: 1 } };
    expect(timeLeft([greedy, task('a', 10)], LIMITS).left_ms).toBe(20);
  });

  it('counts what runs from now on, what is done not at all, and says what is not known', () => {
    const running = { ...task('a', 7), isRunning: true };
    expect(timeLeft([running, task('b', 3, ['a', 'done'])], LIMITS)).toEqual({ left_ms: 10, unknown: 0 });
    expect(timeLeft([task('a', undefined), task('b', 3, ['a'])], LIMITS)).toEqual({ left_ms: 3, unknown: 1 });
    expect(timeLeft([], LIMITS)).toEqual({ left_ms: 0, unknown: 0 });
  });
});

describe('the order of the stages', () => {
  const ids = (tasks: readonly TimedTask[]) => longestPathFirst(tasks).map(({ id }) => id);

  it('begins with the longest way to the end', () => {
    expect(ids([task('short', 5), task('a', 1), task('long', 9, ['a'])])).toEqual(['a', 'long', 'short']);
  });

  it('stays where nothing is known, and takes what is not known for an average stage', () => {
    expect(ids([task('a', undefined), task('b', undefined)])).toEqual(['a', 'b']);
    expect(ids([task('a', 1), task('b', undefined), task('c', 9)])).toEqual(['c', 'b', 'a']);
  });
});

/** Random graphs of stages that take some of everything, for a random machine. */
const graphs: fc.Arbitrary<{ readonly tasks: readonly TimedTask[]; readonly limits: Limits }> = fc.record({
  tasks: fc
    .array(
      fc.record({
        left_ms: fc.option(fc.nat(50), { nil: undefined, freq: 8 }),
        back: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
        collects: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 2 }),
        class: fc.constantFrom('one', 'two'),
        resources: fc.record({
          cpu: fc.constantFrom(0, 0.5, 1, 3, 64),
          gpu: fc.nat(3),
          memory: fc.nat(9),
          slots: fc.dictionary(fc.constantFrom('licence', 'db', '__proto__'), fc.integer({ min: 1, max: 3 })),
        }),
      }),
      { minLength: 1, maxLength: 14 },
    )
    .map((sketches) =>
      sketches.map(({ back, collects, ...sketch }, index): TimedTask => {
        const before = (distances: readonly number[]) => [
          ...new Set(
            distances.filter((distance) => distance <= index).map((distance) => `s${index - distance}`),
          ),
        ];
        const group = before(collects);
        return {
          ...{ ...sketch, id: `s${index}`, needs: before(back), isRunning: false },
          ...(group.length > 0 && { collects: [group] }),
          atMost: sketch.class === 'one' ? 1 : 99,
        };
      }),
    ),
  limits: fc.record({
    jobs: fc.integer({ min: 1, max: 4 }),
    capacity: fc.record({
      cpu: fc.constantFrom(1, 2, 8),
      gpu: fc.nat(2),
      memory: fc.integer({ min: 1, max: 8 }),
      slots: fc.record({ licence: fc.nat(3), db: fc.integer({ min: 1, max: 2 }) }),
    }),
  }),
});

/** Runs a schedule as `drive` does, on a clock of its own. Calls `look` whenever nothing more is started. */
function simulate(
  tasks: readonly TimedTask[],
  limits: Limits,
  look: (running: readonly TimedTask[], queued: readonly TimedTask[]) => void,
): number {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const schedule = new Schedule(tasks, limits);
  const ends = new Map<string, number>();
  let now = 0;
  for (;;) {
    for (const id of schedule.in('ready')) {
      schedule.set(id, 'checking');
      schedule.set(id, 'queued');
    }
    for (let id = schedule.nextToRun(); id !== undefined; id = schedule.nextToRun()) {
      schedule.set(id, 'running');
      ends.set(id, now + (byId.get(id)!.left_ms ?? 0));
    }
    look(
      [...ends.keys()].map((id) => byId.get(id)!),
      schedule.in('queued').map((id) => byId.get(id)!),
    );
    if (ends.size === 0) break;
    const [first, end] = [...ends].reduce((one, other) => (other[1] < one[1] ? other : one));
    ends.delete(first);
    now = end;
    schedule.set(first, 'done');
  }
  expect(schedule.finished).toBe(true);
  return now;
}

describe('a schedule of random stages', () => {
  const capped = (task: TimedTask, { capacity }: Limits) => ({
    ...task,
    resources: withinCapacity(task.resources, capacity),
  });

  it('never takes more than there is, never waits with room for something, and comes to its end', () => {
    fc.assert(
      fc.property(graphs, ({ tasks, limits }) => {
        simulate(longestPathFirst(tasks), limits, (running, queued) => {
          const shares = running.map((task) => capped(task, limits));
          const used = (of: (task: TimedTask) => number) => shares.reduce((sum, task) => sum + of(task), 0);
          const { capacity } = limits;
          expect(shares.length).toBeLessThanOrEqual(limits.jobs);
          for (const name of ['cpu', 'gpu', 'memory'] as const)
            expect(used(({ resources }) => resources[name])).toBeLessThanOrEqual(capacity[name]);
          for (const [slot, count] of Object.entries(capacity.slots!))
            expect(used(({ resources }) => resources.slots?.[slot] ?? 0)).toBeLessThanOrEqual(count);
          expect(shares.filter((task) => task.class === 'one').length).toBeLessThanOrEqual(1);
          for (const task of queued) expect(hasRoom(capped(task, limits), shares, limits)).toBe(false);
        });
      }),
      { numRuns: 2000 },
    );
  });

  it('takes as long as was foreseen, at the beginning and whenever a stage has ended', () => {
    fc.assert(
      fc.property(graphs, ({ tasks, limits }) => {
        const ordered = longestPathFirst(tasks);
        const took = simulate(ordered, limits, () => {});
        expect(timeLeft(ordered, limits).left_ms).toBe(took);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes no less than its longest way, and no more than one stage after the other', () => {
    fc.assert(
      fc.property(graphs, ({ tasks, limits }) => {
        const { left_ms } = timeLeft(longestPathFirst(tasks), limits);
        expect(left_ms).toBeLessThanOrEqual(tasks.reduce((sum, { left_ms = 0 }) => sum + left_ms, 0));
        const wide = {
          jobs: 99,
          capacity: { cpu: 1e9, gpu: 99, memory: 1e9, slots: { licence: 99, db: 99 } },
        };
        const free = tasks.map((task) => ({ ...task, atMost: 99 }));
        expect(timeLeft(longestPathFirst(free), wide).left_ms).toBeLessThanOrEqual(left_ms);
      }),
      { numRuns: 1000 },
    );
  });
});
