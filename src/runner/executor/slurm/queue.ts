import { setTimeout as delay } from 'node:timers/promises';
import { askSlurm } from './client.ts';
import { phaseOf } from './job-state.ts';
import type { Task } from './task.ts';

/** A task as squeue shows it. */
export interface Sighting {
  /** `17_3`, or `17` for one without an array. */
  readonly job: string;
  readonly state: string;
  readonly reason: string;
  readonly node: string;
}

export type Seen = Sighting | 'absent' | 'silent';

/** Milliseconds from one squeue to the next, by for how long nothing has changed. */
const PACE = [
  { quiet: 60_000, every: 2000 },
  { quiet: 600_000, every: 5000 },
  { quiet: Number.POSITIVE_INFINITY, every: 15_000 },
];
const HURRIED_MS = 200;
/** Names go as one argument, of which the system takes 128 KiB. */
const NAMES_AT_ONCE = 1000;
const FORMAT = '%j|%F|%K|%T|%r|%N';

/**
 * What Slurm's queue says of the tasks of this runner. Whoever asks waits for the next squeue, which is one for all: the
 * controller of a cluster serves everybody.
 */
export class Queue {
  readonly #onSilence: (message: string | undefined) => void;
  #names = new Set<string>();
  #next: Promise<Map<string, Sighting[]> | undefined> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #lastAt = 0;
  #tookMs = 0;
  #text = '';
  #changedAt = Date.now();
  #hurry: AbortController | undefined;
  #isSilent = false;
  #isClosed = false;

  /** `onSilence` gets why nobody answers, once, and undefined when somebody does again. */
  constructor(onSilence: (message: string | undefined) => void) {
    this.#onSilence = onSilence;
  }

  /** What the next squeue shows of a task. `soon`: somebody waits for it. */
  async ask(task: Task, when: 'in-turn' | 'soon' = 'in-turn'): Promise<Seen> {
    this.#names.add(task.name);
    this.#next ??= this.#lookInTurn();
    const look = this.#next;
    if (when === 'soon') this.#hurry?.abort();
    const found = await look;
    if (found === undefined) return 'silent';
    return mostAlive(found.get(nameOf(task.name, task.index)) ?? []) ?? 'absent';
  }

  /** Nobody waits any more. */
  close(): void {
    this.#isClosed = true;
    this.#hurry?.abort();
  }

  async #lookInTurn(): Promise<Map<string, Sighting[]> | undefined> {
    const hurry = new AbortController();
    this.#hurry = hurry;
    await this.#last;
    const wait = this.#lastAt + this.#every() - Date.now();
    await delay(Math.max(wait, 0), undefined, { signal: hurry.signal }).catch(() => {});
    if (this.#isClosed) return undefined;
    await delay(HURRIED_MS); // others ask at the same time
    const names = [...this.#names];
    this.#names = new Set();
    this.#next = undefined;
    const look = this.#look(names);
    this.#last = look.catch(() => {});
    return await look;
  }

  #every(): number {
    const quiet = Date.now() - this.#changedAt;
    const { every } = PACE.find((step) => quiet < step.quiet)!;
    return Math.max(every, 10 * this.#tookMs); // a squeue that takes long is asked less often
  }

  async #look(names: readonly string[]): Promise<Map<string, Sighting[]> | undefined> {
    const began = Date.now();
    let text = '';
    for (let first = 0; first < names.length; first += NAMES_AT_ONCE) {
      const some = names.slice(first, first + NAMES_AT_ONCE).join(',');
      const answer = await askSlurm('squeue', ['-h', '-r', '-t', 'all', `--name=${some}`, '-o', FORMAT]);
      if (answer.status !== 'ok') {
        if (!this.#isSilent) this.#onSilence(answer.message);
        this.#isSilent = true;
        this.#lastAt = Date.now();
        return undefined;
      }
      text += `${answer.output}\n`;
    }
    if (this.#isSilent) this.#onSilence(undefined);
    this.#isSilent = false;
    this.#lastAt = Date.now();
    this.#tookMs = this.#lastAt - began;
    if (text !== this.#text) this.#changedAt = this.#lastAt;
    this.#text = text;
    return parseQueue(text);
  }
}

/** Sightings by task. */
export function parseQueue(text: string): Map<string, Sighting[]> {
  const found = new Map<string, Sighting[]>();
  for (const line of text.split('\n')) {
    const [name, array, index, state, reason, node] = line.split('|');
    if (node === undefined) continue; // a heading of a cluster
    const isOne = Number.isNaN(Number(index)); // `N/A`
    const key = nameOf(name!, isOne ? 0 : Number(index));
    const sighting = {
      job: isOne ? array! : `${array}_${index}`,
      state: state!,
      reason: reason!,
      node,
    };
    found.set(key, [...(found.get(key) ?? []), sighting]);
  }
  return found;
}

/** Where sbatch got no answer, a task may have been handed in twice: the one counts that is furthest. */
function mostAlive(sightings: readonly Sighting[]): Sighting | undefined {
  return (
    sightings.find(({ state }) => phaseOf(state) === 'runs') ??
    sightings.find(({ state }) => phaseOf(state) === 'waits') ??
    sightings[0]
  );
}

function nameOf(name: string, index: number): string {
  return `${name}/${index}`;
}
