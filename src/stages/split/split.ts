import { StageError } from '../../contract/stage-context.ts';
import { defineStage, type SettingProblem } from '../../contract/stage-type.ts';
import { type SplitSettings, splitSettings } from './settings.ts';

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
  with: { train: 0.85, test: 0.1, order: shuffled }
`,
  settings: splitSettings,
  inputs: {
    records: { artifact: 'file', description: 'Records, JSON Lines.' },
    test: {
      artifact: 'file',
      optional: true,
      description:
        'Records that are the test part as they are; the others are cut into train and validation.',
    },
  },
  outputs: () => ({ train: part('train'), test: part('test'), validation: part('validation') }),
  checkSettings: async (settings) => settingProblems(settings),
  async run(context) {
    const { settings, inputs, outputs, log } = context;
    const { readRecords, writeRecords } = await import('../../text/records.ts');
    const { assign, sizesOf } = await import('./assign.ts');
    const { lookAtParts } = await import('./look-at-parts.ts');
    const { PARTS } = await import('./parts.ts');
    const records = await readRecords(inputs.records!.path);
    const test = inputs.test && (await readRecords(inputs.test.path));
    if (test?.length === 0) throw new StageError('The input `test` holds no records.');
    const cut = await assign(
      records,
      settings,
      sizesOf(records.length, settings, test !== undefined),
      context,
    );
    const parts = { ...cut, ...(test && { test }) };
    for (const name of PARTS) {
      if (parts[name].length > 0) continue;
      throw new StageError(`No records are left for ${name}: groups that stay together are too large.`, {
        hint: 'Give more data, or other shares.',
      });
    }
    for (const name of PARTS) await writeRecords(outputs[name]!, parts[name]);
    log(PARTS.map((name) => `${parts[name].length} ${name}`).join(', '));
    lookAtParts(parts, context);
  },
});

/** What no schema says: a number of records is whole, and a seed needs something that is drawn. */
function settingProblems({ order, seed, ...sizes }: SplitSettings): SettingProblem[] {
  const problems = (['train', 'test'] as const)
    .filter((name) => sizes[name] > 1 && !Number.isInteger(sizes[name]))
    .map(
      (name): SettingProblem => ({
        code: 'bad-size',
        path: [name],
        message: `\`${name}\` must be a share below 1 or a whole number of records`,
      }),
    );
  if (order === 'shuffled' || seed === undefined) return problems;
  return [
    ...problems,
    {
      code: 'unused-seed',
      path: ['seed'],
      message: 'with the order `file` nothing is drawn, so `seed` would change nothing',
      hint: 'set `order: shuffled`, or remove `seed`',
    },
  ];
}
