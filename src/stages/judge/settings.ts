import { type Static, Type } from '@sinclair/typebox';

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

export const judgeSettings = Type.Object(
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

/** The settings of a judge stage. */
export type JudgeSettings = Static<typeof judgeSettings>;

/** What a pipeline names under `judge.kind`. */
export type JudgeKind = JudgeSettings['judge']['kind'];

/** The settings of a stage with that kind of judge. */
export type SettingsOf<Kind extends JudgeKind> = JudgeSettings & {
  readonly judge: Extract<JudgeSettings['judge'], { kind: Kind }>;
};
