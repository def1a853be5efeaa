import { StageError } from '../../contract/stage-context.ts';
import { type DataItem, ItemFault } from '../../text/items/data-item.ts';
import type { ItemReader } from '../../text/items/item-reader.ts';

/** So many faults are reported at once; the rest are counted. */
const SHOWN = 5;

/** What is wrong with the items of a file, so that all of it is reported together. */
export class Faults {
  readonly #reader: ItemReader;
  readonly #first: string[] = [];
  #count = 0;
  #hint: string | undefined;

  constructor(reader: ItemReader) {
    this.#reader = reader;
  }

  /** The items that `read` finds in a value; none if it is wrong, or one before it was. */
  of(value: unknown, read: () => readonly DataItem[]): readonly DataItem[] {
    try {
      const items = read();
      return this.#count === 0 ? items : [];
    } catch (error) {
      if (!(error instanceof ItemFault)) throw error;
      this.#count += 1;
      if (this.#first.length < SHOWN) this.#first.push(error.message);
      this.#hint ??= this.#reader.hintFor(value);
      return [];
    }
  }

  throwIfAny(): void {
    if (this.#count === 0) return;
    const more = this.#count > SHOWN ? `; and ${this.#count - SHOWN} more` : '';
    throw new StageError(`The data is not instruction data: ${this.#first.join('; ')}${more}.`, {
      ...(this.#hint !== undefined && { hint: this.#hint }),
    });
  }
}
