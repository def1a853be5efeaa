import type { RunEvent } from '../../runner/events/run-event.ts';
import { lockHolders } from '../status/at-work.ts';

/** A run that holds no action and says nothing for longer than this was killed: between two stages it needs less. */
export const SILENT_MS = 5_000;

/** Whether a run that says nothing is still there. */
export class RunPulse {
  readonly #locksDirectory: string;
  /** Stage -> action, of those that have started and not ended. */
  readonly #unfinished = new Map<string, string>();
  #lastNews = Date.now();

  constructor(locksDirectory: string) {
    this.#locksDirectory = locksDirectory;
  }

  /** Takes each event of the run. */
  note(event: RunEvent): void {
    this.#lastNews = Date.now();
    if (event.type === 'stage-started') this.#unfinished.set(event.stage, event.action);
    if (event.type === 'stage-finished') this.#unfinished.delete(event.stage);
  }

  async isDead(): Promise<boolean> {
    const holders = await lockHolders(this.#locksDirectory);
    if ([...this.#unfinished.values()].some((action) => holders.has(action))) this.#lastNews = Date.now();
    return Date.now() - this.#lastNews > SILENT_MS;
  }
}
