import { defineStage } from '../../contract/stage-type.ts';
import { judgeOf } from './judges.ts';
import { score } from './score-metric.ts';
import { judgeSettings } from './settings.ts';

export const judge = defineStage({
  uses: 'judge',
  version: 2,
  summary:
    'Scores responses from 0 to 100: by a language model, a program, people, or comparison with the expected output.',
  settings: judgeSettings,
  inputs: {
    responses: {
      artifact: 'file',
      description: 'JSON array, or JSON Lines, of {instruction, input, output, model_response}.',
    },
    labels: {
      artifact: 'file',
      optional: true,
      description:
        'Labels of people for a judge of kind `human`: JSON array of {index, score, model_response}.',
    },
    model: {
      artifact: 'file',
      optional: true,
      description: 'Model of a judge of kind `llama-cpp`: a GGUF file.',
    },
    program: {
      artifact: 'file',
      optional: true,
      description: 'Script of a judge of kind `command`, which finds it at inputs/program.',
    },
  },
  outputs: () => ({
    scores: {
      artifact: 'file',
      path: 'scores.json',
      description: 'JSON array: index, score or null with the reason, and the reply of each item.',
    },
    summary: {
      artifact: 'file',
      path: 'summary.json',
      description: 'JSON: judge, counts, mean, standard deviation and 95 % interval.',
    },
  }),
  metrics: [score],
  async preflight(settings, context) {
    const judge = await judgeOf(settings);
    return (await judge.preflight?.(context)) ?? [];
  },
  async observe(settings, context) {
    const judge = await judgeOf(settings);
    return (await judge.observe?.(context)) ?? {};
  },
  async run(context) {
    const { runJudge } = await import('./run-judge.ts');
    await runJudge(await judgeOf(context.settings), context);
  },
});
