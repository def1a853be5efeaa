import { Type } from 'typebox';
import { StageError } from '../contract/stage-context.ts';
import { defineStage } from '../contract/stage-type.ts';
import { PromptStyle } from '../text/prompt/prompt-style-schema.ts';

const settings = Type.Object(
  {
    prompt: Type.Object(PromptStyle.properties, {
      additionalProperties: false,
      affects: 'result',
      piece: 'prompts',
      description:
        'Prompt style: a name under configs/prompts, a file such as ./my-style.yaml, or the style itself.',
    }),
  },
  { additionalProperties: false },
);

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
  settings,
  inputs: {
    data: {
      artifact: 'file',
      description:
        'JSON array, or JSON Lines, of {instruction, input?, output}; preference pairs for `dpo` have chosen and rejected in the place of output.',
    },
  },
  async checkSettings({ prompt }) {
    const { styleProblems } = await import('../text/prompt/style-problems.ts');
    return styleProblems(prompt);
  },
  outputs: () => ({
    records: {
      artifact: 'file',
      path: 'records.jsonl',
      description:
        'JSON Lines {id, instruction, input, output, prompt, response}; a preference pair has the response that is rejected too, and output and response are the chosen one.',
    },
  }),
  async run({ settings, inputs, outputs, log }) {
    const { readFile } = await import('node:fs/promises');
    const { renderPrompt, renderResponse } = await import('../text/prompt/prompt-style.ts');
    const { parseInstructionData } = await import('../text/instruction-data.ts');
    const { writeRecords } = await import('../text/records.ts');
    const items = parseInstructionData(await readFile(inputs.data!.path, 'utf8'));
    if (items.length === 0) throw new StageError('The data holds no items.');
    const records = items.map(({ instruction, input, output, rejected }, id) => ({
      id,
      instruction,
      input,
      output,
      prompt: renderPrompt(settings.prompt, { instruction, input }),
      response: renderResponse(settings.prompt, { instruction, input, output }),
      ...(rejected !== undefined && {
        rejected: renderResponse(settings.prompt, { instruction, input, output: rejected }),
      }),
    }));
    await writeRecords(outputs.records!, records);
    log(`${records.length} records`);
  },
});
