import type { DataItem } from './data-item.ts';
import type { ItemReader } from './item-reader.ts';
import { SeenTexts } from './seen-texts.ts';

/** Something that a user should know of the data. */
export interface Finding {
  readonly message: string;
  readonly hint: string;
}

const NAMED = 5;
const COLUMNS_NAMED = 10;
/** More names than that are no columns. */
const MOST_COLUMNS = 1000;

/** Counts what is taken without a word otherwise: empty answers, repeated items, columns and turns that are not used. */
export class Findings {
  readonly #reader: ItemReader;
  readonly #keep: readonly string[];
  readonly #columns = new Set<string>();
  readonly #seen = new SeenTexts();
  readonly #empty = new Places();
  readonly #repeated = new Places();
  readonly #broken = new Places();
  readonly #rounded = new Places();
  #total = 0;

  constructor(reader: ItemReader, keep: readonly string[]) {
    this.#reader = reader;
    this.#keep = keep;
  }

  /** An object of the file, in which an item was found. */
  addColumns(value: object): void {
    if (this.#columns.size >= MOST_COLUMNS) return;
    for (const column of Object.keys(value)) this.#columns.add(column);
  }

  addItem({ instruction, input, output, rejected, system, history, kept }: DataItem, id: number): void {
    this.#total += 1;
    if (output?.trim() === '') this.#empty.add(id);
    const text = JSON.stringify([instruction, input, output, rejected, system, history]);
    if (this.#seen.add(text)) this.#repeated.add(id);
    const texts = [
      instruction,
      input,
      output,
      rejected,
      system,
      ...(history ?? []).map(({ content }) => content),
    ];
    if (!texts.every((text) => text?.isWellFormed() ?? true)) this.#broken.add(id);
    if (holdsRounded(kept)) this.#rounded.add(id);
  }

  /** What was found, as warnings. */
  all(): readonly Finding[] {
    const of = (places: Places) => `${places.count} of ${this.#total} records`;
    const verb = (places: Places, one: string, many: string) => (places.count === 1 ? one : many);
    const findings: Finding[] = [];
    if (this.#empty.count > 0) {
      findings.push({
        message: `${of(this.#empty)} ${verb(this.#empty, 'has an empty output', 'have empty outputs')} (${this.#empty})`,
        hint: 'A model that is trained on them learns to say nothing. Leave them out of the data, or complete them.',
      });
    }
    if (this.#repeated.count > 0) {
      findings.push({
        message: `${of(this.#repeated)} ${verb(this.#repeated, 'repeats', 'repeat')} an earlier one (${this.#repeated})`,
        hint: 'Leave them out of the data, or keep them on one side of a split: `group: similar`.',
      });
    }
    if (this.#broken.count > 0) {
      findings.push({
        message: `${of(this.#broken)} ${verb(this.#broken, 'holds', 'hold')} half of a character (${this.#broken}): a surrogate without its pair`,
        hint: 'A model reads U+FFFD in its place. The text was cut within a character, such as an emoji: cut it elsewhere.',
      });
    }
    if (this.#rounded.count > 0) {
      findings.push({
        message: `${of(this.#rounded)} ${verb(this.#rounded, 'keeps', 'keep')} a whole number of more than 15 digits (${this.#rounded}), which may be rounded`,
        hint: 'Write such numbers, which are often ids, as texts in the data.',
      });
    }
    return [...findings, ...this.#unusedTurns(), ...this.#unusedColumns()];
  }

  #unusedTurns(): readonly Finding[] {
    const { droppedTurns, conversationsCut } = this.#reader;
    if (droppedTurns === 0) return [];
    const conversations = conversationsCut === 1 ? 'conversation' : 'conversations';
    return [
      {
        message: `${conversationsCut} ${conversations} ${conversationsCut === 1 ? 'has' : 'have'} turns in no record (${droppedTurns} turns)`,
        hint: 'They follow the last answer, or are answers right after another turn than a user’s.',
      },
    ];
  }

  #unusedColumns(): readonly Finding[] {
    const kept = new Set(this.#keep.flatMap((path) => [path, path.split('.', 1)[0]!]));
    const unused = [...this.#columns].filter(
      (column) => !this.#reader.fields.used.has(column) && !kept.has(column),
    );
    if (unused.length === 0) return [];
    const more = unused.length > COLUMNS_NAMED ? `, and ${unused.length - COLUMNS_NAMED} more` : '';
    return [
      {
        message: `fields that are not used: ${unused.slice(0, COLUMNS_NAMED).join(', ')}${more}`,
        hint: 'Map them with `fields`, such as `fields: { input: context }`, or carry them into the records with `keep`.',
      },
    ];
  }
}

/** Whether a value holds a whole number that JSON can write and a number cannot hold. */
function holdsRounded(value: unknown): boolean {
  if (Number.isInteger(value)) return !Number.isSafeInteger(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsRounded);
}

/** Records by their ids, of which the first are named. */
class Places {
  count = 0;
  readonly #first: number[] = [];

  add(id: number): void {
    this.count += 1;
    if (this.#first.length < NAMED) this.#first.push(id);
  }

  toString(): string {
    const more = this.count > NAMED ? ', …' : '';
    return `${this.count === 1 ? 'record' : 'records'} ${this.#first.join(', ')}${more}`;
  }
}
