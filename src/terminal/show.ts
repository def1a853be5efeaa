import type { Output } from './output.ts';
import { OWN_ESCAPE } from './paint.ts';

/**
 * What a terminal or a CI log would obey or be misled by: control characters, line separators, and characters that turn
 * the direction of what follows. Line breaks and tabs stay. Written as all that is not allowed, in ranges: V8 asks
 * its Unicode tables for `\p{Cc}`, which takes half a millisecond at every start.
 */
const FORBIDDEN = /[^\n\t -~\u00a0-\u2027\u202f-\u2065\u206a-\uffff]/g;

/** A text with everything that is not for the eyes made visible: `\x1b`, `\u202e`. */
export function visible(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(FORBIDDEN, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
  });
}

/** A text as it may go to a stream: colours are ours, whatever else would be obeyed is made visible. */
export function rendered(text: string): string {
  return visible(text).replaceAll(OWN_ESCAPE, '\x1b[');
}

/** A value as JSON that a terminal does not obey either: JSON itself leaves C1 and bidirectional controls as they are. */
export function visibleJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    FORBIDDEN,
    (character) => `\\u${hex(character.charCodeAt(0), 4)}`,
  );
}

/** Writes lines to a stream. All text of pipe goes this way: names, messages of servers and what programs printed too. */
export function show(output: Output, ...lines: readonly string[]): void {
  if (lines.length > 0) output.write(`${rendered(lines.join('\n'))}\n`);
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
