import { type Static, Type } from '@sinclair/typebox';
import { defineStage } from '../contract/stage-type.ts';
import type { InstructionRecord } from '../text/records.ts';

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
/** Records compared between two looks at the signal. */
const RECORDS_AT_ONCE = 256;

export const duplicates = defineStage({
  uses: 'duplicates',
  version: 1,
  summary:
    'Reports pairs of records with almost the same text: cosine of their words, weighted by how rare they are (TF-IDF).',
  settings,
  inputs: { records: { artifact: 'file', description: 'Records, JSON Lines.' } },
  outputs: () => ({
    report: {
      artifact: 'file',
      path: 'duplicates.json',
      description:
        'JSON {field, threshold, records, pairs: [{similarity, first: {id, text}, second: {id, text}}]}, the most similar first.',
    },
  }),
  async run({ settings: { field, threshold }, inputs, outputs, signal, progress, log }) {
    const { writeFile } = await import('node:fs/promises');
    const { setImmediate: eventLoop } = await import('node:timers/promises');
    const { readRecords } = await import('../text/records.ts');
    const { similarPairs } = await import('../text/similar-pairs.ts');
    const { tfIdfVectors } = await import('../text/tf-idf.ts');
    const records = (await readRecords(inputs.records!.path))
      .map((record) => ({ id: record.id, text: textOf(record, field) }))
      .filter(({ text }) => text !== '');
    const vectors = tfIdfVectors(records.map(({ text }) => text));
    const pairs = [];
    let done = 0;
    for (const found of similarPairs(vectors, threshold - 10 ** -DECIMALS)) {
      for (const { first, second, similarity } of found) {
        const rounded = Number(similarity.toFixed(DECIMALS));
        if (rounded >= threshold)
          pairs.push({ similarity: rounded, first: records[first]!, second: records[second]! });
      }
      if (++done % RECORDS_AT_ONCE === 0) {
        progress({ done, total: records.length, unit: 'records' });
        await eventLoop();
        signal.throwIfAborted();
      }
    }
    pairs.sort((a, b) => b.similarity - a.similarity || a.first.id - b.first.id || a.second.id - b.second.id);
    const report = { field, threshold, records: records.length, pairs };
    await writeFile(outputs.report!, `${JSON.stringify(report, null, 2)}\n`);
    log(`pairs with a similarity of ${threshold} or more among ${records.length} records: ${pairs.length}`);
  },
});

function textOf(record: InstructionRecord, field: Field): string {
  if (field !== 'question') return record[field];
  return record.input === '' ? record.instruction : `${record.instruction}\n${record.input}`;
}
