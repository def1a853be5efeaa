import { StringDecoder } from 'node:string_decoder';
import type { RunEvent } from '../../runner/events/run-event.ts';
import { isRunEvent } from '../../runner/events/stored-checks.ts';
import { FileTail } from './file-tail.ts';

/** The events of a run that is at work, as they come. */
export class RunTail {
  readonly #file: FileTail;
  readonly #decoder = new StringDecoder('utf8');
  #line = '';

  /** `events`: path of the run's `events.ndjson`. */
  constructor(events: string) {
    this.#file = new FileTail(events);
  }

  /** The events since the last call; lines that are none are left out. */
  *added(): Generator<RunEvent> {
    for (const bytes of this.#file.added()) {
      const lines = (this.#line + this.#decoder.write(bytes)).split('\n');
      this.#line = lines.pop() ?? '';
      yield* lines.map(parsed).filter(isRunEvent);
    }
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
