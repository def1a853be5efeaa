import { relative, sep } from 'node:path';
import { type Cell, cellsOf } from '../../terminal/display-width.ts';
import { concealCredentials } from '../resolve/url-credentials.ts';
import { LineTable } from '../yaml/line-table.ts';
import type { Diagnostic, Place } from './diagnostic.ts';
import { type Stretch, writtenCredentials } from './written-credentials.ts';

/** Columns of source that a code frame shows at most. */
const FRAME_WIDTH = 100;
/** Characters of a line around a place that are looked at: more than any frame shows. */
const PIECE = 2000;
/** Characters before and after those in which a credential may begin and end that reaches into them. */
const AROUND = 4000;
/** Related places that are shown of one diagnostic. */
const MOST_RELATED = 6;

export interface FormatOptions {
  /** Paths are shown relative to this folder where they are inside it. */
  readonly directory: string;
  /** Styles a text; plain where it is absent. */
  readonly paint?: (style: 'bold' | 'dim' | 'red' | 'yellow' | 'cyan', text: string) => string;
  /** How many diagnostics are shown; the rest are counted. Default 20. */
  readonly limit?: number;
}

/**
 * Diagnostics as text for people: `file:line:column: message`, the line with the place underlined, the hint,
 * and related places. Credentials are never shown. `sources` are the texts of the files that places name.
 */
export function formatDiagnostics(
  {
    diagnostics,
    sources,
  }: { readonly diagnostics: readonly Diagnostic[]; readonly sources: ReadonlyMap<string, string> },
  options: FormatOptions,
): string {
  const limit = options.limit ?? 20;
  const concealed = diagnostics.filter(({ conceal }) => conceal).map(({ place }) => place);
  const printer = new Printer(sources, concealed, options);
  const shown = diagnostics.slice(0, limit).map((diagnostic) => printer.diagnostic(diagnostic));
  const rest = diagnostics.length - shown.length;
  if (rest > 0) shown.push(`${rest} more ${rest === 1 ? 'error' : 'errors'}`);
  return shown.join('\n\n');
}

class Printer {
  readonly #sources: ReadonlyMap<string, string>;
  readonly #concealed: readonly Place[];
  readonly #directory: string;
  readonly #paint: NonNullable<FormatOptions['paint']>;
  readonly #tables = new Map<string, LineTable>();

  constructor(sources: ReadonlyMap<string, string>, concealed: readonly Place[], options: FormatOptions) {
    this.#sources = sources;
    this.#concealed = concealed;
    this.#directory = options.directory;
    this.#paint = options.paint ?? ((_style, text) => text);
  }

  diagnostic({ severity, place, message, hint, related = [] }: Diagnostic): string {
    const kind = severity === 'warning' ? this.#paint('yellow', 'warning:') : this.#red('error:');
    const lines = [`${this.#bold(this.#position(place))} ${kind} ${message}`, ...this.#frame(place, 2)];
    for (const { message, place } of related.slice(0, MOST_RELATED)) {
      lines.push(`    ${this.#position(place)} ${message}`, ...this.#frame(place, 6));
    }
    if (related.length > MOST_RELATED) lines.push(`    and ${related.length - MOST_RELATED} more places`);
    if (hint !== undefined) lines.push(`  ${this.#cyan('hint:')} ${hint}`);
    return lines.join('\n');
  }

  #position({ file, offset }: Place): string {
    const table = this.#table(file);
    if (table === undefined) return `${this.#name(file)}:`;
    const { line, column } = table.position(offset);
    return `${this.#name(file)}:${line}:${column}:`;
  }

  /** The path from the directory, or the whole one where it is outside. */
  #name(file: string): string {
    if (!file.includes(sep)) return file;
    const path = relative(this.#directory, file);
    return concealCredentials(path.startsWith('..') ? file : path);
  }

  #table(file: string): LineTable | undefined {
    const text = this.#sources.get(file);
    if (text === undefined) return undefined;
    const table = this.#tables.get(file) ?? new LineTable(text);
    this.#tables.set(file, table);
    return table;
  }

  /** The line of a place and a line of carets under it. A place of several lines is underlined to the first's end. */
  #frame(place: Place, indent: number): readonly string[] {
    const table = this.#table(place.file);
    if (table === undefined) return [];
    const { line, column } = table.position(place.offset);
    // Only what may be shown is cut into cells: a line may have megabytes.
    const from = Math.max(0, column - 1 - PIECE / 2);
    const text = table.line(line);
    const piece = text.slice(from, from + PIECE).toWellFormed();
    const places = [
      ...this.#concealed.filter(({ file }) => file === place.file),
      ...credentialsNear(this.#sources.get(place.file)!, table.start(line) + from),
    ];
    const cells = conceal(cellsOf(piece), places, table.start(line) + from);
    const start = column - 1 - from;
    const before = cells.filter(({ offset }) => offset < start);
    const under = cells.filter(({ offset }) => offset >= start && offset < start + place.length);
    const isLong = widthOf(cells) > FRAME_WIDTH;
    const skipped = isLong ? Math.max(0, widthOf(before) - FRAME_WIDTH / 2) : 0;
    const window = cut(cells, skipped);
    const caretAt = widthOf(before) - window.from + (window.from > 0 ? 1 : 0);
    const carets = Math.max(1, Math.min(widthOf(under), FRAME_WIDTH - caretAt));
    const number = String(line);
    const margin = ' '.repeat(indent);
    return [
      `${margin}${this.#dim(`${number} |`)} ${window.text}`.trimEnd(),
      `${margin}${' '.repeat(number.length)} ${this.#dim('|')} ${' '.repeat(caretAt)}${this.#red('^'.repeat(carets))}`,
    ];
  }

  #bold(text: string): string {
    return this.#paint('bold', text);
  }
  #dim(text: string): string {
    return this.#paint('dim', text);
  }
  #red(text: string): string {
    return this.#paint('red', text);
  }
  #cyan(text: string): string {
    return this.#paint('cyan', text);
  }
}

/** Credentials that may reach into the characters from `from` on that a frame can show. */
function credentialsNear(source: string, from: number): readonly Stretch[] {
  const start = Math.max(0, from - AROUND);
  const near = source.slice(start, from + PIECE + AROUND);
  return writtenCredentials(near).map(({ offset, length }) => ({ offset: start + offset, length }));
}

function conceal(cells: readonly Cell[], places: readonly Stretch[], lineStart: number): readonly Cell[] {
  return cells.map((cell) => {
    const offset = lineStart + cell.offset;
    const hidden = places.some((place) => offset >= place.offset && offset < place.offset + place.length);
    return hidden ? { ...cell, text: '•', width: 1 } : cell;
  });
}

function widthOf(cells: readonly Cell[]): number {
  return cells.reduce((sum, { width }) => sum + width, 0);
}

/** At most FRAME_WIDTH columns of a line after `skipped` ones, with `…` where something is cut. */
function cut(cells: readonly Cell[], skipped: number): { readonly text: string; readonly from: number } {
  let from = 0;
  let first = 0;
  while (from < skipped) from += cells[first++]!.width;
  let width = 0;
  let last = first;
  while (last < cells.length && width + cells[last]!.width <= FRAME_WIDTH) width += cells[last++]!.width;
  const text = cells
    .slice(first, last)
    .map((cell) => cell.text)
    .join('');
  return { text: `${first > 0 ? '…' : ''}${text}${last < cells.length ? '…' : ''}`, from };
}
