import { type Static, type TObject, Type } from 'typebox';
import { label } from './language-model/model-settings.ts';
import { LlamaCppJudge } from './llama-cpp/llama-cpp-settings.ts';
import { OllamaJudge } from './ollama/ollama-settings.ts';
import { OpenAiJudge } from './openai/openai-settings.ts';

/** A comparison with the expected output; no model is asked. */
const ReferenceJudge = Type.Object(
  {
    kind: Type.Literal('reference'),
    label,
    metric: Type.Union([Type.Literal('exact_match'), Type.Literal('rouge_l'), Type.Literal('chrf')], {
      description:
        'Which comparison is the score: 100 or 0 for equal texts or not, 100 times the F1 of ROUGE-L (words), or chrF2 (characters).',
    }),
  },
  { additionalProperties: false },
);

/** Any program. */
const CommandJudge = Type.Object(
  {
    kind: Type.Literal('command'),
    label,
    command: Type.Array(Type.String(), {
      minItems: 1,
      description:
        'Program and arguments. It reads {index, instruction, input, output, model_response} and writes {index, score}, as JSON lines; the input `program` is at inputs/program.',
    }),
  },
  { additionalProperties: false },
);

/** People, who have written labels into a file. */
const HumanJudge = Type.Object({ kind: Type.Literal('human'), label }, { additionalProperties: false });

const kinds = [CommandJudge, HumanJudge, LlamaCppJudge, OllamaJudge, OpenAiJudge, ReferenceJudge] as const;

/** One judge. */
export type OneJudge = Static<(typeof kinds)[number]>;

/** How a server or a program is reached: for the stage, and for one judge of a jury. */
const access = {
  url: Type.Optional(
    Type.String({
      affects: 'execution',
      // No user name or password, in whatever spelling: `http:user:password@host` is one too.
      pattern: '^([hH][tT][tT][pP][sS]?://)?(?![A-Za-z]+:(?!\\d))[^@/\\\\?#]+([/?#].*)?$',
      description:
        'Address of the server, without user and password. Ollama: by default OLLAMA_HOST, else http://127.0.0.1:11434. A server with the API of OpenAI: by default https://api.openai.com/v1.',
    }),
  ),
  api_key: Type.Optional(
    Type.String({
      affects: 'execution',
      pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
      description:
        'Name of a variable under `secrets` of the stage: its value is sent to the server as `Authorization: Bearer`, or is in the environment of a program. By default OLLAMA_API_KEY or OPENAI_API_KEY, if the stage declares it.',
    }),
  ),
};

/** A judge of a jury, which may be reached in a way of its own. */
type Member = OneJudge & Static<TObject<typeof access>>;

/** Several judges, of whose scores the mean counts. */
const Jury = Type.Object(
  {
    kind: Type.Literal('jury'),
    label,
    judges: Type.Array(
      Type.Unsafe<Member>({
        anyOf: kinds.map(({ properties }) =>
          Type.Object({ ...properties, ...access }, { additionalProperties: false }),
        ),
        piece: 'judges',
      }),
      {
        minItems: 2,
        maxItems: 20,
        description:
          'Judges of the other kinds, each a name under configs/judges or the judge itself. Each may have a `url` and an `api_key` of its own. The score of an item is the mean of those that scored it.',
      },
    ),
  },
  { additionalProperties: false },
);

export const judgeSettings = Type.Object(
  {
    judge: Type.Union([...kinds, Jury], {
      affects: 'result',
      piece: 'judges',
      description: 'Who scores: a name under configs/judges, or the judge itself.',
    }),
    rationales: Type.Integer({
      affects: 'result',
      default: 3,
      minimum: 0,
      description: 'The judge also explains its verdict in free text for the first N items.',
    }),
    min_scored: Type.Number({
      affects: 'result',
      default: 0.5,
      legacy: 0.5,
      minimum: 0,
      maximum: 1,
      description:
        'Least share of the items that must get a score. With less the stage fails; the replies are kept.',
    }),
    budget: Type.Optional(
      Type.Object(
        {
          tokens: Type.Integer({
            minimum: 1,
            description: 'Most tokens of all questions and replies of a judge, also of those that are kept.',
          }),
        },
        {
          affects: 'result',
          additionalProperties: false,
          description:
            'What a language model may spend, each one of a jury. The items that are left when it is spent have no score, with that reason.',
        },
      ),
    ),
    ...access,
    concurrency: Type.Integer({
      affects: 'execution',
      default: 1,
      minimum: 1,
      maximum: 64,
      description: 'Items that are asked at the same time.',
    }),
    reply_timeout: Type.Number({
      affects: 'execution',
      default: 600,
      exclusiveMinimum: 0,
      description:
        'Seconds that a whole reply may take. A reply that does not end by then is no score; a server that says nothing is asked again.',
    }),
  },
  { additionalProperties: false },
);

/** The settings of a judge stage. */
export type JudgeSettings = Static<typeof judgeSettings>;

/** What a pipeline names under `judge.kind`, but for `jury`. */
export type JudgeKind = OneJudge['kind'];

/** The settings of a stage with one judge, or as one judge of a jury sees them. */
export type OneJudgeSettings = JudgeSettings & { readonly judge: OneJudge };

/** The settings of a stage with that kind of judge. */
export type SettingsOf<Kind extends JudgeKind> = JudgeSettings & {
  readonly judge: Extract<OneJudge, { kind: Kind }>;
};
