import stringWidth from 'string-width';

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

/** Cuts a line into what a terminal shows: tabs become four spaces, control characters their pictures (␛). */
export function cellsOf(line: string): readonly Cell[] {
  return Array.from(new Intl.Segmenter().segment(line), ({ segment, index }) => {
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

/** Columns that a line takes in a terminal. */
export function columnsOf(line: string): number {
  return cellsOf(line).reduce((sum, { width }) => sum + width, 0);
}

/** A line with spaces up to `columns`. */
export function padded(line: string, columns: number): string {
  return line + ' '.repeat(Math.max(0, columns - columnsOf(line)));
}

/** What fits of a line into `room` columns; a line that is cut ends in …, which takes one of them. */
export function fitting(line: string, room: number): string {
  const cells = cellsOf(line);
  if (columnsOf(line) <= room) return line;
  let width = 1;
  const kept = cells.findIndex((cell) => {
    width += cell.width;
    return width > room;
  });
  return `${line.slice(0, cells[kept]!.offset)}…`;
}

function widthOf(text: string): number {
  return text === '    ' ? 4 : stringWidth(text);
}
