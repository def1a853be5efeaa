import type { Digest } from '../../files/digest.ts';
import { type ActionRecord, differingOutputs } from './action-record.ts';
import type { Records } from './records.ts';

/** An action that was done again, beside its record. */
export interface Repeated {
  readonly record: ActionRecord;
  /** Names of the outputs that came out differently. */
  readonly differing: readonly string[];
}

/** Records that stay as they are: what is done again is compared with them, and reported. */
export class ComparedRecords implements Records {
  readonly #records: Records;
  readonly #onRepeated: (repeated: Repeated) => void;

  constructor(records: Records, onRepeated: (repeated: Repeated) => void) {
    this.#records = records;
    this.#onRepeated = onRepeated;
  }

  find(key: Digest): Promise<readonly ActionRecord[]> {
    return this.#records.find(key);
  }

  findOnly(key: Digest): Promise<readonly ActionRecord[]> {
    return this.#records.findOnly(key);
  }

  add(record: ActionRecord): Promise<ActionRecord> {
    return this.#records.add(record);
  }

  async replace(again: ActionRecord): Promise<ActionRecord> {
    const record = await this.#records.add(again);
    this.#onRepeated({ record, differing: differingOutputs(record, again) });
    return record;
  }

  entries(): AsyncIterable<ActionRecord> {
    return this.#records.entries();
  }
}
