import type { Resources } from '../pipeline/pipeline.ts';

export type State =
  /** A stage that it needs is not done. */
  | 'waiting'
  /** All that it needs is done: whether it must run can be decided. */
  | 'ready'
  /** Being decided. */
  | 'checking'
  /** Must run; there is no room yet. */
  | 'queued'
  /** Holds its share of the machine. */
  | 'running'
  /** Its outputs are known. Only a lost output leads out of this state. */
  | 'done'
  /** Ran and failed, or could not be decided. */
  | 'failed'
  /** Something that it needs failed. */
  | 'skipped'
  /** The run was cancelled before it was done. */
  | 'cancelled';

/** One stage as the schedule sees it. */
export interface Task {
  readonly id: string;
  readonly needs: readonly string[];
  readonly resources: Resources;
  /** Stages of one class share a limit; the class is the stage type. */
  readonly class: string;
  readonly atMost: number;
}

export interface Limits {
  readonly jobs: number;
  /** What the machine has. A task that asks for more counts as asking for all of it. */
  readonly capacity: Resources;
}

/** Which states may follow each; whatever else happens is a bug of ours. */
const FOLLOWING: Readonly<Record<State, readonly State[]>> = {
  waiting: ['ready', 'skipped', 'cancelled'],
  ready: ['checking', 'waiting', 'cancelled'],
  checking: ['queued', 'waiting', 'done', 'failed', 'cancelled'],
  queued: ['running', 'waiting', 'cancelled'],
  running: ['done', 'failed', 'waiting', 'cancelled'],
  done: ['waiting'],
  failed: [],
  skipped: [],
  cancelled: [],
};

/** A task within the graph. */
interface Node extends Omit<Task, 'needs'> {
  readonly needs: Set<string>;
  readonly neededBy: Set<string>;
}

const RESOURCES = ['cpu', 'gpu', 'memory'] as const;

/**
 * Which stage is where, and what may come next. Pure bookkeeping: it starts nothing and knows no time. Every
 * change of state goes through `set`, which keeps queues and shares in step.
 */
export class Schedule {
  readonly #limits: Limits;
  readonly #tasks = new Map<string, Node>();
  readonly #states = new Map<string, State>();
  readonly #running = new Set<string>();

  /** `tasks`: all that take part, in the order in which room is given; what a task needs is among them. */
  constructor(tasks: readonly Task[], limits: Limits) {
    this.#limits = limits;
    for (const task of tasks) {
      const resources = withinCapacity(task.resources, limits.capacity);
      this.#tasks.set(task.id, { ...task, resources, needs: new Set(task.needs), neededBy: new Set() });
      this.#states.set(task.id, 'waiting');
    }
    for (const { id, needs } of tasks) for (const need of needs) this.#task(need).neededBy.add(id);
    for (const { id } of tasks) this.#settleWaiting(id);
  }

  state(id: string): State {
    const state = this.#states.get(id);
    if (state === undefined) throw new Error(`Internal error: there is no stage "${id}" in this run`);
    return state;
  }

  /** Ids in a state, in the order of the tasks. */
  in(state: State): string[] {
    return [...this.#states].filter(([, current]) => current === state).map(([id]) => id);
  }

  /** Whether every stage has reached a state in which it stays. */
  get finished(): boolean {
    return [...this.#states.values()].every((state) => state === 'done' || FOLLOWING[state].length === 0);
  }

  /** The first queued stage for which there is room. */
  nextToRun(): string | undefined {
    return this.in('queued').find((id) => this.#hasRoom(this.#task(id)));
  }

  /** Makes one more stage a precondition of another that has not started: two stages were found to be one action. */
  addNeed(id: string, need: string): void {
    this.#task(id).needs.add(need);
    this.#task(need).neededBy.add(id);
  }

  /** Moves a stage to a state, and what depends on it along with it. Returns those that thereby end as skipped or cancelled. */
  set(id: string, to: State): string[] {
    const from = this.state(id);
    if (!FOLLOWING[from].includes(to)) {
      throw new Error(`Internal error: stage "${id}" cannot go from ${from} to ${to}`);
    }
    this.#states.set(id, to);
    if (from === 'running') this.#running.delete(id);
    switch (to) {
      case 'running':
        this.#running.add(id);
        return [];
      case 'waiting':
        this.#holdBackDependents(id);
        return this.#settleWaiting(id);
      case 'queued':
        // A producer may have been reopened while this one was being decided.
        return this.#needsAreDone(id) ? [] : this.set(id, 'waiting');
      case 'done':
      case 'failed':
      case 'skipped':
      case 'cancelled':
        return [...this.#task(id).neededBy].flatMap((dependent) => this.#settleWaiting(dependent));
      default:
        return [];
    }
  }

  #task(id: string): Node {
    const task = this.#tasks.get(id);
    if (!task) throw new Error(`Internal error: there is no stage "${id}" in this run`);
    return task;
  }

  #needsAreDone(id: string): boolean {
    return [...this.#task(id).needs].every((need) => this.state(need) === 'done');
  }

  /** Moves a waiting stage on when what it needs is done, or has ended in another way. */
  #settleWaiting(id: string): string[] {
    if (this.state(id) !== 'waiting') return [];
    if (this.#needsAreDone(id)) return this.set(id, 'ready');
    const needs = [...this.#task(id).needs].map((need) => this.state(need));
    if (needs.includes('cancelled')) return [id, ...this.set(id, 'cancelled')];
    if (needs.includes('failed') || needs.includes('skipped')) return [id, ...this.set(id, 'skipped')];
    return [];
  }

  /** A stage that is to be done again: those that would have started from its outputs wait for the new ones. */
  #holdBackDependents(id: string): void {
    for (const dependent of this.#task(id).neededBy) {
      if (['ready', 'queued'].includes(this.state(dependent))) this.set(dependent, 'waiting');
    }
  }

  #hasRoom(task: Node): boolean {
    if (this.#running.size >= this.#limits.jobs) return false;
    const running = [...this.#running].map((id) => this.#task(id));
    if (running.filter((other) => other.class === task.class).length >= task.atMost) return false;
    return RESOURCES.every((name) => {
      const used = running.reduce((sum, other) => sum + other.resources[name], 0);
      return used + task.resources[name] <= this.#limits.capacity[name];
    });
  }
}

function withinCapacity(wanted: Resources, capacity: Resources): Resources {
  return {
    cpu: Math.min(wanted.cpu, capacity.cpu),
    gpu: Math.min(wanted.gpu, capacity.gpu),
    memory: Math.min(wanted.memory, capacity.memory),
  };
}
