// Not the package string-width: loading it costs 30 ms, a third of what a run of hits takes. Not fast-string-width either: it takes
// zero-width characters for one column, and gives no pieces, which carets under a source need.

/** What a terminal obeys instead of showing, and what turns the order of the text around it (Unicode UAX #9). */
export const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this finds
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A piece of a text as a terminal shows it. */
export interface Cell {
  readonly text: string;
  readonly width: number;
  /** UTF-16 offset and length in the original. */
  readonly offset: number;
  readonly length: number;
}

let segmenter: Intl.Segmenter | undefined;

/** Cuts a line into what a terminal shows: tabs become four spaces, control characters their pictures (␛). */
export function cellsOf(line: string): readonly Cell[] {
  segmenter ??= new Intl.Segmenter(); // only now: the first one takes 30 ms
  return Array.from(segmenter.segment(line), ({ segment, index }) => {
    const text = shown(segment);
    return { text, width: widthOf(text), offset: index, length: segment.length };
  });
}

function shown(segment: string): string {
  return segment === '\t' ? '    ' : segment.replace(UNSEEN, shownCharacter);
}

/** A picture of a character that a terminal would obey: ␛, ␡; � for one that turns the order of a text around. */
export function shownCharacter(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 32) return String.fromCharCode(0x2400 + code);
  return code < 0xa0 ? '\u2421' : '\ufffd';
}

/** Printable ASCII: each character takes a column, and nothing needs to be taken apart. */
const PLAIN = /^[\x20-\x7e]*$/;

/** Columns that a line takes in a terminal. */
export function columnsOf(line: string): number {
  if (PLAIN.test(line)) return line.length;
  return widthOfAll(cellsOf(line));
}

/** A line with spaces up to `columns`. */
export function padded(line: string, columns: number): string {
  return line + ' '.repeat(Math.max(0, columns - columnsOf(line)));
}

/** What fits of a line into `room` columns; a line that is cut ends in …, which takes one of them. */
export function fitting(line: string, room: number): string {
  if (line.length <= room && PLAIN.test(line)) return line;
  const cells = cellsOf(line);
  if (widthOfAll(cells) <= room) return line;
  let width = 1;
  const kept = cells.findIndex((cell) => {
    width += cell.width;
    return width > room;
  });
  return `${line.slice(0, cells[kept]!.offset)}…`;
}

function widthOfAll(cells: readonly Cell[]): number {
  return cells.reduce((sum, { width }) => sum + width, 0);
}

let nothing: RegExp | undefined;
let wide: RegExp | undefined;

/**
 * East Asian wide and fullwidth characters (UAX #11) and emoji, also those that are made so by U+FE0F, take two columns of a terminal.
 * Both expressions are made when a text needs them: V8 asks its Unicode tables then, and most runs show ASCII alone.
 */
function widthOf(text: string): number {
  if (text === '    ') return 4;
  nothing ??= /^[\p{Mark}\u200b-\u200f\u2060\ufeff]+$/u;
  if (nothing.test(text)) return 0;
  wide ??=
    /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
  return wide.test(text) ? 2 : 1;
}
