import { type Static, Type } from 'typebox';
import { StageError } from '../../contract/stage-context.ts';
import { defineStage } from '../../contract/stage-type.ts';
import type { InstructionRecord } from '../../text/records.ts';

const settings = Type.Object(
  {
    train: Type.Number({
      affects: 'result',
      default: 0.85,
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      description: 'Share of the records to train on, rounded down to whole records.',
    }),
    test: Type.Number({
      affects: 'result',
      default: 0.1,
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      description: 'Share of the records to test on, rounded down; the rest are for validation.',
    }),
    order: Type.Literal('file', {
      affects: 'result',
      default: 'file',
      description: 'How records are laid out before they are cut: `file` keeps their order.',
    }),
  },
  { additionalProperties: false },
);
type Settings = Static<typeof settings>;

const PARTS = ['train', 'test', 'validation'] as const;
type Parts = Readonly<Record<(typeof PARTS)[number], readonly InstructionRecord[]>>;

const part = (name: string) => ({
  artifact: 'file' as const,
  path: `${name}.jsonl`,
  description: `Records for ${name}, JSON Lines.`,
});

export const split = defineStage({
  uses: 'split',
  version: 1,
  summary: 'Cuts records into train, test and validation parts.',
  example: `
split:
  uses: split
  inputs: { records: format.records }
  with: { train: 0.85, test: 0.1 }
`,
  settings,
  inputs: { records: { artifact: 'file', description: 'Records, JSON Lines.' } },
  outputs: () => ({ train: part('train'), test: part('test'), validation: part('validation') }),
  async run({ settings, inputs, outputs, log, warnOfResult }) {
    const { readRecords, writeRecords } = await import('../../text/records.ts');
    const parts = cut(await readRecords(inputs.records!.path), settings);
    for (const name of PARTS) await writeRecords(outputs[name]!, parts[name]);
    log(PARTS.map((name) => `${parts[name].length} ${name}`).join(', '));
    for (const name of ['test', 'validation'] as const) {
      const repeated = repeatedIn(parts.train, parts[name]);
      if (repeated.length > 0)
        warnOfResult(overlapMessage(name, repeated), 'Scores on items seen in training flatter a model.');
    }
  },
});

/** The book's split: int(n × train) records, then int(n × test), then the rest. */
function cut(records: readonly InstructionRecord[], { train, test }: Settings): Parts {
  const trainEnd = Math.trunc(records.length * train);
  const testEnd = trainEnd + Math.trunc(records.length * test);
  const parts = {
    train: records.slice(0, trainEnd),
    test: records.slice(trainEnd, testEnd),
    validation: records.slice(testEnd),
  };
  for (const name of PARTS) {
    if (parts[name].length === 0) {
      throw new StageError(
        `Of ${records.length} records none are left for ${name} (train: ${train}, test: ${test}).`,
        {
          hint: 'Give more data, or other shares; train and test must leave something for validation.',
        },
      );
    }
  }
  return parts;
}

/** The records of `part` whose instruction and input also occur in `train`, whatever their case. */
function repeatedIn(
  train: readonly InstructionRecord[],
  part: readonly InstructionRecord[],
): InstructionRecord[] {
  const question = ({ instruction, input }: InstructionRecord) =>
    JSON.stringify([instruction, input]).toLowerCase();
  const seen = new Set(train.map(question));
  return part.filter((record) => seen.has(question(record)));
}

function overlapMessage(name: string, repeated: readonly InstructionRecord[]): string {
  const [{ id, instruction, input }] = repeated as [InstructionRecord];
  const example = JSON.stringify(input === '' ? instruction : `${instruction} ${input}`);
  const items = repeated.length === 1 ? 'item also occurs' : 'items also occur';
  return `${repeated.length} ${name} ${items} in train, such as record ${id}: ${example}`;
}
