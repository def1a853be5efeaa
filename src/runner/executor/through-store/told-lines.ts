import { parseStageEvent, type StageEvent } from '../../../contract/attempt/stage-event.ts';

/** Begins a line of a job's output that is an event. */
const EVENT = 'pipe-event ';

/** An event as a line of a job's output. `number`: how many came before it; progress, which the outcome does not repeat, has none. */
export function eventLine(number: number | undefined, event: StageEvent): string {
  return `${EVENT}${number ?? '-'} ${JSON.stringify(event)}`;
}

/** A line that the stage has printed, which is never taken for one that tells something. */
export function printedLine(line: string): string {
  return line.startsWith(EVENT) ? ` ${line}` : line;
}

/** A line of a job's output that tells something; undefined for one that was printed by the stage. */
export function toldIn(
  line: string,
): { readonly number: number | undefined; readonly event: StageEvent | undefined } | undefined {
  const [, number, text] = /^pipe-event (-|\d{1,9}) (.*)$/.exec(line) ?? [];
  if (number === undefined || text === undefined) return undefined;
  return { number: number === '-' ? undefined : Number(number), event: parseStageEvent(text) };
}

/** Events that come live, each once and in order, whatever is read twice or not at all; what is missing comes at the end. */
export class ToldEvents {
  #next = 0;

  /** The event of a line that was not told yet, if it is its turn. */
  take({ number, event }: NonNullable<ReturnType<typeof toldIn>>): StageEvent | undefined {
    if (number === undefined) return event?.type === 'progress' ? event : undefined;
    if (number !== this.#next || event === undefined) return undefined;
    this.#next++;
    return event;
  }

  /** Of all events those that were not told. */
  rest(all: readonly StageEvent[]): readonly StageEvent[] {
    return all.slice(this.#next);
  }
}
