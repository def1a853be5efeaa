import { parseStageEvent, type StageEvent } from '../../contract/attempt/stage-event.ts';
import { type Afar, followLines } from '../../files/follow-lines.ts';

/** Nodes write the events, and the file system of a network tells nobody of that. */
export const FROM_AFAR: Afar = { everyMs: 1000 };

/**
 * The events that a stage's process appends to `file`, until `ended` has settled. A last line without its newline was cut
 * by a crash, and is no event; nor is one longer than any event. `afar`: another machine writes the file.
 */
export async function* attemptEvents(
  file: string,
  ended: Promise<unknown>,
  afar?: Afar,
): AsyncGenerator<StageEvent> {
  for await (const { text, whole } of followLines(file, ended, afar)) {
    const event = whole && text !== undefined ? parseStageEvent(text) : undefined;
    if (event) yield event;
  }
}
