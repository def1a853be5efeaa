import { type Static, Type } from 'typebox';
import { defineStage } from '../../contract/stage-type.ts';
import type { InstructionRecord } from '../../text/records.ts';

const settings = Type.Object(
  {
    field: Type.Union(
      [Type.Literal('question'), Type.Literal('instruction'), Type.Literal('input'), Type.Literal('output')],
      {
        affects: 'result',
        default: 'question',
        description:
          'Text of a record that is compared; `question` is the instruction and the input together. Records without it are left out.',
      },
    ),
    threshold: Type.Number({
      affects: 'result',
      default: 0.8,
      exclusiveMinimum: 0,
      maximum: 1,
      description: 'Least similarity that is reported; 1 reports texts of the same words only.',
    }),
  },
  { additionalProperties: false },
);
type Field = Static<typeof settings>['field'];

/** Similarities are rounded to so many decimals before they are compared with the threshold. */
const DECIMALS = 6;
/** A report of that many has 200 MB at least. */
const MOST_PAIRS = 1_000_000;
/** Pairs in a piece of the report's text. */
const PAIRS_AT_ONCE = 1000;
/** Records compared between two looks at the signal. */
const RECORDS_AT_ONCE = 256;

export const duplicates = defineStage({
  uses: 'duplicates',
  version: 1,
  summary:
    'Reports pairs of records with almost the same text: cosine of their words, weighted by how rare they are (TF-IDF).',
  example: `
duplicates:
  uses: duplicates
  inputs: { records: format.records }
  with: { threshold: 0.9 }
`,
  settings,
  inputs: { records: { artifact: 'file', description: 'Records, JSON Lines.' } },
  outputs: () => ({
    report: {
      artifact: 'file',
      path: 'duplicates.json',
      description:
        'JSON {field, threshold, records, pairs: [{similarity, first: {id, text}, second: {id, text}}]}, the most similar first; of more than a million the rest is counted in pairs_left_out.',
    },
  }),
  async run({ settings: { field, threshold }, inputs, outputs, signal, progress, log, warnOfResult }) {
    const { writeFile } = await import('node:fs/promises');
    const { setImmediate: eventLoop } = await import('node:timers/promises');
    const { readRecords } = await import('../../text/records.ts');
    const { similarPairs } = await import('../../text/similarity/similar-pairs.ts');
    const { tfIdfVectors } = await import('../../text/similarity/tf-idf.ts');
    const { MostSimilar } = await import('./most-similar.ts');
    const records = (await readRecords(inputs.records!.path))
      .map((record) => ({ id: record.id, text: textOf(record, field) }))
      .filter(({ text }) => text !== '');
    const vectors = tfIdfVectors(records.map(({ text }) => text));
    const pairs = new MostSimilar<ReportedPair>(MOST_PAIRS);
    let done = 0;
    for (const found of similarPairs(vectors, threshold - 10 ** -DECIMALS)) {
      for (const { first, second, similarity } of found) {
        const rounded = Number(similarity.toFixed(DECIMALS));
        if (rounded >= threshold)
          pairs.add({ similarity: rounded, first: records[first]!, second: records[second]! });
      }
      if (++done % RECORDS_AT_ONCE === 0) {
        progress({ done, total: records.length, unit: 'records' });
        await eventLoop();
        signal.throwIfAborted();
      }
    }
    const listed = pairs.sorted();
    const left = pairs.count - listed.length;
    if (left > 0) {
      warnOfResult(
        `The report lists the ${listed.length} most similar pairs of ${pairs.count}.`,
        'Raise `threshold`, or leave equal records out of the data first.',
      );
    }
    const report = { field, threshold, records: records.length, ...(left > 0 && { pairs_left_out: left }) };
    await writeFile(outputs.report!, reportText(report, listed));
    log(`pairs with a similarity of ${threshold} or more among ${records.length} records: ${pairs.count}`);
  },
});

interface ReportedPair {
  readonly similarity: number;
  readonly first: { readonly id: number; readonly text: string };
  readonly second: { readonly id: number; readonly text: string };
}

/** JSON.stringify({ ...report, pairs }, null, 2) in pieces: as one string it may be longer than strings can be. */
function* reportText(report: object, pairs: readonly ReportedPair[]): Generator<string> {
  const [begin, end] = JSON.stringify({ ...report, pairs: [0] }, null, 2).split(/(?<=\[\n) {4}0(?=\n)/);
  if (pairs.length === 0) return yield `${JSON.stringify({ ...report, pairs }, null, 2)}\n`;
  yield begin!;
  for (let at = 0; at < pairs.length; at += PAIRS_AT_ONCE) {
    const texts = pairs
      .slice(at, at + PAIRS_AT_ONCE)
      .map((pair) => `    ${JSON.stringify(pair, null, 2).replaceAll('\n', '\n    ')}`);
    yield `${at > 0 ? ',\n' : ''}${texts.join(',\n')}`;
  }
  yield `${end}\n`;
}

function textOf(record: InstructionRecord, field: Field): string {
  if (field !== 'question') return record[field] ?? '';
  return record.input === '' ? record.instruction : `${record.instruction}\n${record.input}`;
}
