import type { KeyManifest } from '../../cache/records/action-key.ts';
import type { ActionRecord } from '../../cache/records/action-record.ts';
import { changesBetween } from '../../cache/records/manifest-diff.ts';
import type { Records } from '../../cache/records/records.ts';

/** Which actions on record gave some bytes. Reads all records, once, when it is first asked. */
export class Makers {
  readonly #records: Records;
  #byDigest: Promise<ReadonlyMap<string, readonly ActionRecord[]>> | undefined;

  constructor(records: Records) {
    this.#records = records;
  }

  /**
   * The action that most likely gave an output with these bytes where a stage does that which is another action now: the
   * first of `known`, which the stage has been, that gave them; else the one with the fewest differences, of several the
   * last. Undefined where none is on record.
   */
  async of(
    { digest, output }: { readonly digest: string; readonly output: string },
    now: KeyManifest,
    known: readonly (string | undefined)[],
  ): Promise<ActionRecord | undefined> {
    this.#byDigest ??= this.#read();
    const made = ((await this.#byDigest).get(digest) ?? []).filter(
      // Equal bytes are made for other purposes, too: a number, an empty file.
      ({ outputs }) => Object.hasOwn(outputs, output) && outputs[output]!.digest === digest,
    );
    const ofType = made.filter(({ manifest }) => manifest.type === now.type);
    const candidates = ofType.length > 0 ? ofType : made;
    for (const wanted of known) {
      const record = candidates.find(({ key }) => key === wanted);
      if (record && changesBetween(record.manifest, now).length > 0) return record;
    }
    return candidates
      .map((record) => ({ record, distance: changesBetween(record.manifest, now).length }))
      .filter(({ distance }) => distance > 0)
      .sort((one, other) => one.distance - other.distance || newestFirst(one.record, other.record))[0]
      ?.record;
  }

  async #read(): Promise<ReadonlyMap<string, readonly ActionRecord[]>> {
    const byDigest = new Map<string, ActionRecord[]>();
    for await (const record of this.#records.entries())
      for (const digest of new Set(Object.values(record.outputs).map(({ digest }) => digest)))
        byDigest.set(digest, [...(byDigest.get(digest) ?? []), record]);
    return byDigest;
  }
}

function newestFirst(one: ActionRecord, other: ActionRecord): number {
  return String(other.provenance.finished).localeCompare(String(one.provenance.finished));
}
