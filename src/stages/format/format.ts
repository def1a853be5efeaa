import { defineStage, type Problem } from '../../contract/stage-type.ts';
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
  async checkSettings({ prompt }) {
    const { styleProblems } = await import('../../text/prompt/style-problems.ts');
    return styleProblems(prompt);
  },
  outputs: () => ({
    records: {
      artifact: 'file',
      path: 'records.jsonl',
      description:
        'JSON Lines {id, instruction, input, output, prompt, response}; a preference pair has the response that is rejected too, and output and response are the chosen one. A prompt alone has neither. Of conversations there are `system`, `history` and `conversation`; fields that are kept come last.',
    },
  }),
  preflight: async (settings) => await settingProblems(settings),
  async run(context) {
    const { runFormat } = await import('./run-format.ts');
    await runFormat(context);
  },
});

async function settingProblems({ encoding, keep = [] }: FormatSettings): Promise<Problem[]> {
  const { encodingProblem } = await import('../../text/data/encoding.ts');
  const { RECORD_FIELDS } = await import('../../text/records.ts');
  const problem = encodingProblem(encoding);
  const taken = keep.find((name) => (RECORD_FIELDS as readonly string[]).includes(name));
  return [
    ...(problem ? [{ message: problem, hint: 'Write utf-8, windows-1252, utf-16le or another label.' }] : []),
    ...(taken === undefined
      ? []
      : [
          {
            message: `\`keep\` names ${taken}, which every record has of its own.`,
            hint: 'Rename the field in the data, or leave it out of `keep`.',
          },
        ]),
  ];
}
