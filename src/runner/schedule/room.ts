import type { Resources } from '../../pipeline/pipeline.ts';

/** What a stage takes of the machine while it runs. */
export interface Share {
  readonly resources: Resources;
  /** Stages of one class share a limit; the class is the stage type. */
  readonly class: string;
  readonly atMost: number;
  /** It runs on other machines, and is none of the jobs of this one. */
  readonly isElsewhere?: boolean;
}

export interface Limits {
  readonly jobs: number;
  /** What the machine has. A task that asks for more counts as asking for all of it. */
  readonly capacity: Resources;
}

const RESOURCES = ['cpu', 'gpu', 'memory'] as const;

/** Whether a stage can run next to those that are running. What each takes must be within the capacity. */
export function hasRoom(task: Share, running: readonly Share[], { jobs, capacity }: Limits): boolean {
  if (!task.isElsewhere && running.filter(({ isElsewhere }) => !isElsewhere).length >= jobs) return false;
  if (running.filter((other) => other.class === task.class).length >= task.atMost) return false;
  const fits = (of: (resources: Resources) => number) =>
    running.reduce((sum, other) => sum + of(other.resources), of(task.resources)) <= of(capacity);
  return (
    RESOURCES.every((name) => fits((resources) => resources[name])) &&
    Object.keys(task.resources.slots ?? {}).every((name) => fits((resources) => slotsOf(resources, name)))
  );
}

/** Names come from users: one that every object has is a name as any other. */
function slotsOf({ slots = {} }: Resources, name: string): number {
  return Object.hasOwn(slots, name) ? slots[name]! : 0;
}

/** What a stage takes, but no more than there is. */
export function withinCapacity(wanted: Resources, capacity: Resources): Resources {
  const slots = Object.entries(wanted.slots ?? {}).map(([name, count]) => [
    name,
    Math.min(count, slotsOf(capacity, name)),
  ]);
  return {
    cpu: Math.min(wanted.cpu, capacity.cpu),
    gpu: Math.min(wanted.gpu, capacity.gpu),
    memory: Math.min(wanted.memory, capacity.memory),
    ...(slots.length > 0 && { slots: Object.fromEntries(slots) }),
  };
}
