import { defineStage } from '../../contract/stage-type.ts';
import { factsOfJury, problemsOfJudges } from './judge-checks.ts';
import { judgesOf } from './judges.ts';
import { score } from './score-metric.ts';
import { judgeSettings } from './settings.ts';

export const judge = defineStage({
  uses: 'judge',
  version: 2,
  summary:
    'Scores responses from 0 to 100: by a language model, a program, people, or comparison with the expected output.',
  example: `
judge:
  uses: judge
  inputs: { responses: generate.responses }
  with: { judge: llama3, rationales: 3 }
`,
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
        'Scores that people gave to some or all responses: JSON array of {index, score, model_response}. They are the scores of a judge of kind `human`, and show how far any other judge is off.',
    },
    other_responses: {
      artifact: 'file',
      optional: true,
      description:
        'Responses of another model to the same questions, for a language model with `pairwise`: JSON array, or JSON Lines, in the same order.',
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
  async checkSettings({ judge }) {
    const { questionProblems } = await import('./language-model/question-problems.ts');
    return questionProblems(judge, ['judge']);
  },
  outputs: () => ({
    scores: {
      artifact: 'file',
      path: 'scores.json',
      description:
        'JSON array: index, score or null with the reason, and the reply of each item; of a jury those of each judge.',
    },
    summary: {
      artifact: 'file',
      path: 'summary.json',
      description:
        'JSON: judge, counts, mean, standard deviation, 95 % interval, length bias; agreement of a jury; what labels of people say of the judge.',
    },
  }),
  metrics: [score],
  async preflight(settings, context) {
    return await problemsOfJudges(await judgesOf(settings), settings, context);
  },
  async observe(settings, context) {
    const judges = await judgesOf(settings);
    if (settings.judge.kind === 'jury') return await factsOfJury(judges, context);
    return (await judges[0]!.observe?.(context)) ?? {};
  },
  async run(context) {
    const { runJudge } = await import('./run-judge.ts');
    await runJudge(await judgesOf(context.settings), context);
  },
});
