import { type StageContext, StageError } from '../../contract/stage-context.ts';
import { defineStage, type Problem } from '../../contract/stage-type.ts';
import { judgeSettings } from './settings.ts';

export const judge = defineStage({
  uses: 'judge',
  version: 1,
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
  async preflight({ judge, url }, { environment, signal }): Promise<readonly Problem[]> {
    if (judge.kind === 'reference') return [];
    try {
      await digestOf(judge.model, url, environment, signal);
      return [];
    } catch (error) {
      if (error instanceof StageError) {
        return [{ message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) }];
      }
      return [{ message: `Ollama could not be asked: ${error instanceof Error ? error.message : error}.` }];
    }
  },
  async observe({ judge, url }, signal, warn) {
    if (judge.kind === 'reference') return {};
    return { model_digest: await digestOf(judge.model, url, process.env, signal, warn) };
  },
  async run(context) {
    const { writeFile } = await import('node:fs/promises');
    const { readResponses } = await import('../../text/responses.ts');
    const { summarise } = await import('./summary.ts');
    const { judge } = context.settings;
    const responses = await readResponses(context.inputs.responses!.path);
    const judgements =
      judge.kind === 'ollama'
        ? await (await import('./judge-with-ollama.ts')).judgeWithOllama(judge, responses, context)
        : (await import('./judge-by-reference.ts')).judgeByReference(judge, responses);
    const summary = summarise(judge, judgements);
    await writeFile(context.outputs.scores!, `${JSON.stringify(judgements, null, 2)}\n`);
    await writeFile(context.outputs.summary!, `${JSON.stringify(summary, null, 2)}\n`);
    if (summary.mean !== null) context.metric('mean_score', summary.mean);
    if (summary.unscored > 0) {
      const first = judgements.find(({ score }) => score === null);
      context.warn(
        `${summary.unscored} of ${summary.items} replies gave no score, the first for item ${first?.index}: ${first?.reason}`,
        'They are left out of the mean; the replies are in the scores.',
      );
    }
  },
});

/** The model's digest as Ollama reports it, asked once, or patiently where `warn` is given. Throws StageError. */
async function digestOf(
  model: string,
  setting: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
  warn?: StageContext<unknown>['warn'],
): Promise<string> {
  const { modelDigest, patiently, unreachable } = await import('./ollama.ts');
  const { ollamaUrl } = await import('../network/ollama-address.ts');
  const url = ollamaUrl(setting, environment);
  if (warn) return await patiently(url, () => modelDigest(url, model, signal), signal, warn);
  return modelDigest(url, model, signal).catch((error: unknown) => {
    throw unreachable(url, error);
  });
}
