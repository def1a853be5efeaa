import { defineStage, type SettingProblem } from '../../contract/stage-type.ts';
import { encodingOf } from '../../text/data/encoding-label.ts';
import { RECORD_FIELDS } from '../../text/record-fields.ts';
import { type FormatSettings, formatSettings } from './settings.ts';

export const format = defineStage({
  uses: 'format',
  version: 2,
  summary: 'Renders instruction data in a prompt style.',
  example: `
format:
  uses: format
  inputs: { data: data.file }
  with: { prompt: alpaca }
`,
  settings: formatSettings,
  inputs: {
    data: {
      artifact: 'file',
      description:
        'JSON, JSON Lines, CSV or Parquet, known by its content. Items are {instruction, input?, output}, conversations in `messages` or `conversations`, preference pairs for `dpo` with chosen and rejected, or prompts without an output.',
    },
  },
  async checkSettings(settings) {
    const { styleProblems } = await import('../../text/prompt/style-problems.ts');
    return [...styleProblems(settings.prompt), ...settingProblems(settings)];
  },
  outputs: () => ({
    records: {
      artifact: 'file',
      path: 'records.jsonl',
      description:
        'JSON Lines {id, instruction, input, output, prompt, response}; a preference pair has the response that is rejected too, and output and response are the chosen one. A prompt alone has neither. Of conversations there are `system`, `history` and `conversation`; fields that are kept come last.',
    },
  }),
  async run(context) {
    const { runFormat } = await import('./run-format.ts');
    await runFormat(context);
  },
});

/** What no schema says. */
function settingProblems({ encoding, keep = [] }: FormatSettings): SettingProblem[] {
  const taken = keep.findIndex((name) => RECORD_FIELDS.includes(name));
  return [
    ...(encodingOf(encoding) === undefined
      ? [
          {
            code: 'unknown-encoding',
            path: ['encoding'],
            message: `"${encoding}" is not the name of an encoding`,
            hint: 'write utf-8, windows-1252, utf-16le or another label of https://encoding.spec.whatwg.org',
          },
        ]
      : []),
    ...(taken < 0
      ? []
      : [
          {
            code: 'field-is-taken',
            path: ['keep'],
            message: `every record has the field \`${keep[taken]}\` of its own`,
            hint: 'rename it in the data, or leave it out of `keep`',
          },
        ]),
  ];
}
