import { hasRoom, type Limits, type Share, withinCapacity } from './room.ts';

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
export interface Task extends Share {
  readonly id: string;
  readonly needs: readonly string[];
  /** Groups of stages of each of which it takes those that succeed, and needs one at least. */
  readonly collects?: readonly (readonly string[])[];
}

/** Which states may follow each; whatever else happens is a bug of ours. */
export const FOLLOWING: Readonly<Record<State, readonly State[]>> = {
  waiting: ['ready', 'skipped', 'cancelled'],
  ready: ['checking', 'waiting', 'cancelled'],
  checking: ['queued', 'waiting', 'done', 'failed'],
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
  readonly collects: readonly (readonly string[])[];
  readonly neededBy: Set<string>;
  /** Its place among the tasks, which decides who is given room first. */
  readonly place: number;
  state: State;
}

/**
 * Which stage is where, and what may come next. Pure bookkeeping: it starts nothing and knows no time. What a stage is
 * doing is its state and nothing else; every change of it goes through `set`, which keeps queues and shares in step.
 */
export class Schedule {
  readonly #limits: Limits;
  readonly #nodes = new Map<string, Node>();
  readonly #byState: ReadonlyMap<State, Set<Node>>;

  /** `tasks`: all that take part, in the order in which room is given; what a task needs is among them. */
  constructor(tasks: readonly Task[], limits: Limits) {
    this.#limits = limits;
    this.#byState = new Map(Object.keys(FOLLOWING).map((state) => [state as State, new Set()]));
    for (const [place, task] of tasks.entries()) {
      const resources = withinCapacity(task.resources, limits.capacity);
      const graph = { needs: new Set(task.needs), neededBy: new Set<string>() };
      const node: Node = { collects: [], ...task, ...graph, resources, place, state: 'waiting' };
      this.#nodes.set(task.id, node);
      this.#all('waiting').add(node);
    }
    for (const { id, needs, collects = [] } of tasks)
      for (const need of [...needs, ...collects.flat()]) this.#node(need).neededBy.add(id);
    for (const { id } of tasks) this.#follow(this.#node(id));
  }

  state(id: string): State {
    return this.#node(id).state;
  }

  /** Ids in a state, in the order of the tasks. */
  in(state: State): string[] {
    return this.#inOrder(state).map(({ id }) => id);
  }

  /** How many stages are being decided or run: for each of them somebody is going to call `set`. */
  get busy(): number {
    return this.#all('checking').size + this.#all('running').size;
  }

  /** Whether every stage has reached a state in which it stays. */
  get finished(): boolean {
    const ended = (['done', 'failed', 'skipped', 'cancelled'] as const).map((state) => this.#all(state).size);
    return ended.reduce((sum, count) => sum + count) === this.#nodes.size;
  }

  /** The first queued stage for which there is room. */
  nextToRun(): string | undefined {
    const running = [...this.#all('running')];
    return this.#inOrder('queued').find((node) => hasRoom(node, running, this.#limits))?.id;
  }

  /** Makes one more stage a precondition of another that has not started: two stages were found to be one action. */
  addNeed(id: string, need: string): void {
    this.#node(id).needs.add(need);
    this.#node(need).neededBy.add(id);
  }

  /** Moves a stage to a state, and what depends on it along with it. Returns those that are thereby skipped. */
  set(id: string, to: State): string[] {
    const node = this.#node(id);
    this.#move(node, to);
    return this.#follow(node)
      .filter(({ state }) => state === 'skipped')
      .map(({ id }) => id);
  }

  #node(id: string): Node {
    const node = this.#nodes.get(id);
    if (!node) throw new Error(`Internal error: there is no stage "${id}" in this run`);
    return node;
  }

  #all(state: State): Set<Node> {
    return this.#byState.get(state)!;
  }

  #inOrder(state: State): Node[] {
    return [...this.#all(state)].sort((one, other) => one.place - other.place);
  }

  #move(node: Node, to: State): void {
    if (!FOLLOWING[node.state].includes(to)) {
      throw new Error(`Internal error: stage "${node.id}" cannot go from ${node.state} to ${to}`);
    }
    this.#all(node.state).delete(node);
    this.#all(to).add(node);
    node.state = to;
  }

  /** Moves a stage and its dependents where their needs put them now. In a loop: a chain may be thousands long. */
  #follow(first: Node): Node[] {
    const followers: Node[] = [];
    const changed = [first];
    for (let node = changed.shift(); node; node = changed.shift()) {
      for (const other of [node, ...[...node.neededBy].map((id) => this.#node(id))]) {
        const next = this.#stateByNeeds(other);
        if (next === undefined) continue;
        this.#move(other, next);
        followers.push(other);
        changed.push(other);
      }
    }
    return followers;
  }

  /** Where a stage that has not started goes because of what it needs; undefined where it stays. */
  #stateByNeeds({ state, needs, collects }: Node): State | undefined {
    const states = [...needs].map((need) => this.state(need));
    for (const group of collects) states.push(stateOfGroup(group.map((id) => this.state(id))));
    const allDone = states.every((state) => state === 'done');
    // A producer may have been reopened, also while this one was being decided: it waits for the new outputs.
    if (state === 'ready' || state === 'queued') return allDone ? undefined : 'waiting';
    if (state !== 'waiting') return undefined;
    if (allDone) return 'ready';
    return states.includes('failed') || states.includes('skipped') ? 'skipped' : undefined;
  }
}

/** A collection is done when all of it has ended and something succeeded; it failed where nothing did. */
function stateOfGroup(states: readonly State[]): 'done' | 'failed' | 'waiting' {
  if (!states.every((state) => ['done', 'failed', 'skipped'].includes(state))) return 'waiting';
  return states.includes('done') ? 'done' : 'failed';
}
