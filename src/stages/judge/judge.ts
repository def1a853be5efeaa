import { defineStage } from '../../contract/stage-type.ts';
import { judgeOf } from './judges.ts';
import { judgeSettings } from './settings.ts';

export const judge = defineStage({
  uses: 'judge',
  version: 2,
  summary: 'Scores responses from 0 to 100, by a language model or by comparison with the expected output.',
  settings: judgeSettings,
  inputs: {
    responses: {
      artifact: 'file',
      description: 'JSON array of {instruction, input, output, model_response}.',
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
  async preflight(settings, context) {
    const judge = await judgeOf(settings);
    return (await judge.preflight?.(context)) ?? [];
  },
  async observe(settings, signal, warn) {
    const judge = await judgeOf(settings);
    return (await judge.observe?.(signal, warn)) ?? {};
  },
  async run(context) {
    const { runJudge } = await import('./run-judge.ts');
    await runJudge(await judgeOf(context.settings), context);
  },
});
