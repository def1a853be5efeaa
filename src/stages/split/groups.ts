import { setImmediate as eventLoop } from 'node:timers/promises';
import type { StageContext } from '../../contract/stage-context.ts';
import type { InstructionRecord } from '../../text/records.ts';
import { similarPairs } from '../../text/similarity/similar-pairs.ts';
import { tfIdfVectors } from '../../text/similarity/tf-idf.ts';
import type { Group } from './parts.ts';

/** Least similarity of questions that count as the same; the default of `duplicates`. */
const THRESHOLD = 0.8;
/** Records compared between two looks at the signal. */
const RECORDS_AT_ONCE = 256;

/** What finding similar records, which may take minutes, needs to know of its stage. */
export type Work = Pick<StageContext<unknown>, 'signal' | 'progress'>;

/**
 * The records that must stay together: those of one conversation, and, by `group`, those with an equal value of a field, or
 * with almost the same question (`similar`). In the order of the file, by the first record of each. Records without the field
 * are on their own. Throws the signal's reason.
 */
export async function groupsOf(
  records: readonly InstructionRecord[],
  group: string | undefined,
  work: Work,
): Promise<Group[]> {
  const sets = new DisjointSets(records.length);
  joinEqual(sets, records, ({ conversation }) => conversation);
  if (group === 'similar') await joinSimilar(sets, records, work);
  else if (group !== undefined) joinEqual(sets, records, (record) => record[group]);
  return sets.all();
}

/** What is asked, whatever its case: two records in which it is equal ask the same. */
export function questionOf({ instruction, input, system, history }: InstructionRecord): string {
  return JSON.stringify([instruction, input, system, history]).toLowerCase();
}

function joinEqual(
  sets: DisjointSets,
  records: readonly InstructionRecord[],
  keyOf: (record: InstructionRecord) => unknown,
): void {
  const first = new Map<string, number>();
  for (const [place, record] of records.entries()) {
    const value = keyOf(record);
    if (value === undefined || value === null) continue;
    const key = JSON.stringify(value);
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, place);
    else sets.join(earlier, place);
  }
}

async function joinSimilar(
  sets: DisjointSets,
  records: readonly InstructionRecord[],
  { signal, progress }: Work,
): Promise<void> {
  joinEqual(sets, records, questionOf);
  joinEqual(sets, records, ({ prompt }) => prompt);
  const questions = records.map(({ instruction, input }) => `${instruction}\n${input}`);
  let done = 0;
  for (const pairs of similarPairs(tfIdfVectors(questions), THRESHOLD)) {
    for (const { first, second } of pairs) sets.join(first, second);
    if (++done % RECORDS_AT_ONCE !== 0) continue;
    progress({ done, total: records.length, unit: 'records' });
    await eventLoop();
    signal.throwIfAborted();
  }
}

/** Sets that are joined one after the other; each is known by its smallest member. */
class DisjointSets {
  readonly #above: Int32Array;

  constructor(size: number) {
    this.#above = Int32Array.from({ length: size }, (_, place) => place);
  }

  join(one: number, other: number): void {
    const [a, b] = [this.#first(one), this.#first(other)];
    this.#above[Math.max(a, b)] = Math.min(a, b);
  }

  all(): number[][] {
    const sets = new Map<number, number[]>();
    for (const place of this.#above.keys()) {
      const first = this.#first(place);
      const set = sets.get(first);
      if (set === undefined) sets.set(first, [place]);
      else set.push(place);
    }
    return [...sets.values()];
  }

  #first(place: number): number {
    let at = place;
    while (this.#above[at] !== at) {
      // Halves the way for whoever comes next.
      this.#above[at] = this.#above[this.#above[at]!]!;
      at = this.#above[at]!;
    }
    return at;
  }
}
