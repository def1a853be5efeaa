import { type Static, Type } from '@sinclair/typebox';
import { type StageContext, StageError } from '../contract/stage-context.ts';
import { defineStage, type Problem } from '../contract/stage-type.ts';

const label = Type.String({ minLength: 1, description: 'What the report calls this judge.' });

/** A language model behind Ollama's API. */
const OllamaJudge = Type.Object(
  {
    kind: Type.Literal('ollama'),
    label,
    model: Type.String({ minLength: 1, description: 'Name of the model as `ollama list` shows it.' }),
    prompt: Type.String({
      minLength: 1,
      description: 'Jinja template of the question; sees instruction, input, output and model_response.',
    }),
    instructions: Type.String({ description: 'Text after the question that asks for a bare number.' }),
    options: Type.Record(Type.String(), Type.Union([Type.Number(), Type.String(), Type.Boolean()]), {
      description: "Ollama's sampling options, such as seed, temperature and num_ctx.",
    }),
  },
  { additionalProperties: false },
);

/** A comparison with the expected output; no model is asked. */
const ReferenceJudge = Type.Object(
  {
    kind: Type.Literal('reference'),
    label,
    metric: Type.Union([Type.Literal('exact_match'), Type.Literal('rouge_l')], {
      description:
        'Which comparison is the score: 100 or 0 for equal texts or not, or 100 times the F1 of ROUGE-L.',
    }),
  },
  { additionalProperties: false },
);

const settings = Type.Object(
  {
    judge: Type.Union([OllamaJudge, ReferenceJudge], {
      affects: 'result',
      piece: 'judges',
      description: 'Who scores: a name under configs/judges, or the judge itself.',
    }),
    rationales: Type.Integer({
      affects: 'result',
      default: 3,
      minimum: 0,
      description: 'For so many items, the first ones, a language model also gives its verdict in free text.',
    }),
    url: Type.Optional(
      Type.String({
        affects: 'execution',
        // No user name or password, in whatever spelling: `http:user:password@host` is one too.
        pattern: '^([hH][tT][tT][pP][sS]?://)?(?![A-Za-z]+:(?!\\d))[^@/\\\\?#]+([/?#].*)?$',
        description:
          'Address of Ollama, without user and password; by default OLLAMA_HOST, else http://127.0.0.1:11434.',
      }),
    ),
    concurrency: Type.Integer({
      affects: 'execution',
      default: 1,
      minimum: 1,
      maximum: 64,
      description: 'Items that are asked at the same time.',
    }),
    reply_timeout: Type.Number({
      affects: 'execution',
      default: 300,
      exclusiveMinimum: 0,
      description: 'Seconds without a word from Ollama after which a question is asked again.',
    }),
  },
  { additionalProperties: false },
);

export type OllamaJudge = Static<typeof OllamaJudge>;
export type ReferenceJudge = Static<typeof ReferenceJudge>;

export const judge = defineStage({
  uses: 'judge',
  version: 1,
  summary: 'Scores responses from 0 to 100, by a language model or by comparison with the expected output.',
  settings,
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
    const { readResponses } = await import('../text/responses.ts');
    const { summarise } = await import('./judges/summary.ts');
    const { judge } = context.settings;
    const responses = await readResponses(context.inputs.responses!.path);
    const judgements =
      judge.kind === 'ollama'
        ? await (await import('./judges/judge-with-ollama.ts')).judgeWithOllama(judge, responses, context)
        : (await import('./judges/judge-by-reference.ts')).judgeByReference(judge, responses);
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
  const { modelDigest, patiently, unreachable } = await import('./judges/ollama.ts');
  const { ollamaUrl } = await import('./judges/ollama-address.ts');
  const url = ollamaUrl(setting, environment);
  if (warn) return await patiently(url, () => modelDigest(url, model, signal), signal, warn);
  return modelDigest(url, model, signal).catch((error: unknown) => {
    throw unreachable(url, error);
  });
}
