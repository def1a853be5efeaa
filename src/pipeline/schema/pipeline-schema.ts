import { type Static, Type } from 'typebox';
import { ENGINE_NAMES } from '../../contract/engine-name.ts';
import { EXECUTOR_PROFILES } from '../../contract/executor/executor-profile.ts';

/** Names of stages and parameters: what `${params.x}` and `stage.output` can hold. */
const NAME = '^[A-Za-z_][A-Za-z0-9_-]{0,199}$';
/** Names of inputs are names of files for a command: `config.json`, `2024-train`. */
const INPUT_NAME = '^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}$';
const VARIABLE = '^[A-Za-z_][A-Za-z0-9_]{0,199}$';
const INPUT = '^[A-Za-z_][A-Za-z0-9_-]*\\.[A-Za-z_][A-Za-z0-9_-]*$';

const strict = { additionalProperties: false };
const labels = { propertyNames: { pattern: NAME, examples: ['licence', 'database'] } };

/** What may stand under `inputs`. */
export const InputSchema = Type.Union(
  [
    Type.String({ pattern: INPUT, description: 'An output is `stage.output`, a file `{file: ./path}`.' }),
    Type.Object(
      {
        file: Type.String({
          minLength: 1,
          description: 'File or directory, relative to the file that says so.',
        }),
        exclude: Type.Optional(
          Type.Array(
            Type.String({
              pattern: '^(?!/)(?!(.*/)?\\.{1,2}(/|$))[^\\\\\\0]+$',
              examples: ['*.log', 'build/'],
            }),
            {
              description:
                'What of the directory does not count: names (`*.log`) at any depth, or paths from it (`data/**/tmp`). With this key, even as [], caches of Python and files of editors and version control do not count either.',
            },
          ),
        ),
      },
      strict,
    ),
    Type.Object(
      {
        each: Type.String({
          pattern: INPUT,
          examples: ['judge.scores'],
          description: 'Collects one output over all variants of the sweep.',
        }),
        optional: Type.Optional(
          Type.Boolean({
            description:
              'true: collects what succeeded, and does without variants that failed or leave the stage out.',
          }),
        ),
      },
      strict,
    ),
    Type.Object(
      {
        output: Type.String({
          pattern: INPUT,
          examples: ['train.model'],
          description: 'An output of another stage, like `stage.output` alone.',
        }),
        optional: Type.Optional(
          Type.Boolean({
            description: 'true: without this input where the stage is left out by its `when`.',
          }),
        ),
      },
      strict,
    ),
  ],
  {
    description:
      'An output of another stage (`stage.output`), `{file: ./path}`, `{each: stage.output}`, or `{output: stage.output, optional: true}`.',
  },
);

const variables = (description: string) =>
  Type.Optional(
    Type.Array(Type.String({ pattern: VARIABLE, examples: ['HF_TOKEN'] }), {
      uniqueItems: true,
      description,
    }),
  );

const Resources = Type.Object(
  {
    cpu: Type.Number({ minimum: 0, default: 1, description: 'Processor cores.' }),
    gpu: Type.Integer({
      minimum: 0,
      default: 0,
      description:
        'GPUs. It never chooses an engine: where there is none, it counts as zero under `engine: auto`.',
    }),
    memory: Type.String({
      pattern: '^\\d+(\\.\\d+)? ?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$',
      default: '0B',
      examples: ['8GB', '512MB', '1.5GiB'],
      description: 'Memory. kB, MB, GB, TB are powers of 1000; KiB, MiB, GiB, TiB of 1024.',
    }),
    slots: Type.Record(Type.String(), Type.Integer({ minimum: 1 }), {
      ...labels,
      default: {},
      description: 'How many it takes of the `slots` of the pipeline, by name.',
    }),
  },
  { ...strict, default: {}, description: 'What the stage takes while it runs; caps what runs together.' },
);

const FailIf = Type.Object(
  {
    worse_than: Type.Union(
      [
        Type.String({
          minLength: 1,
          description: 'A run, or a git revision whose last finished run is meant.',
        }),
        Type.Object(
          {
            file: Type.String({
              minLength: 1,
              description: 'A file of scores, relative to the file that says so.',
            }),
          },
          strict,
        ),
      ],
      { description: 'The baseline.' },
    ),
    by: Type.Number({
      minimum: 0,
      default: 0,
      description: 'Only where it is worse by more than this, in the unit of the metric.',
    }),
    error_rate: Type.Number({
      exclusiveMinimum: 0,
      maximum: 0.05,
      default: 0.05,
      description:
        'Only where the p value is below this: of results that are no worse, at most this share fails the run.',
    }),
  },
  {
    ...strict,
    description:
      'Fails the run, not the stage, where what the stage measured is shown to be worse than a baseline. The result stays cached.',
  },
);

const executor = (description: string) =>
  Type.Optional(Type.Union([...EXECUTOR_PROFILES], { piece: 'executors', description }));

/** One stage as the file gives it; `with` is checked against the stage type's own schema. */
export const StageSchema = Type.Object(
  {
    uses: Type.String({ minLength: 1, description: 'The stage type.' }),
    description: Type.Optional(Type.String({ description: 'For people; changes nothing.' })),
    when: Type.Optional(
      Type.Union([Type.Boolean(), Type.String({ minLength: 1, maxLength: 1000 })], {
        examples: ['params.size == "small" and params.epochs > 1'],
        description:
          'A condition of parameters. Where it is false the stage is left out: nothing of it runs, is checked or planned.',
      }),
    ),
    inputs: Type.Record(Type.String(), InputSchema, {
      propertyNames: {
        pattern: INPUT_NAME,
        description:
          'names of inputs are up to 200 letters, digits, `_`, `-` and `.`, and do not begin with `.`',
      },
      default: {},
      description: 'What the stage reads, by input name. Edges of the graph come from here alone.',
    }),
    with: Type.Record(Type.String(), Type.Unknown(), {
      default: {},
      description: 'Settings of the stage type.',
    }),
    env: Type.Optional(
      Type.Union(
        [
          Type.Array(Type.String({ pattern: VARIABLE, examples: ['SEED'] }), {
            uniqueItems: true,
            description: 'Their names; the values come from the environment of pipe.',
          }),
          Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()]), {
            propertyNames: { pattern: VARIABLE, examples: ['SEED'] },
            description:
              'Their values by name, as the file spells them; one without a value comes from the environment.',
          }),
        ],
        {
          asWritten: true,
          description: 'Environment variables that count: passed to the stage, keyed and recorded.',
        },
      ),
    ),
    pass: variables(
      'Environment variables that do not count (proxies, the choice of a GPU): passed to the stage where they are set, never keyed or recorded.',
    ),
    secrets: variables(
      'Environment variables that must not be seen: passed, never keyed or recorded. Where the stage prints a value of at least four bytes, the log shows ***NAME***; what it writes into its outputs is stored as it is.',
    ),
    groups: Type.Optional(
      Type.Array(Type.String({ pattern: NAME, examples: ['eval'] }), {
        uniqueItems: true,
        description: 'Names by which several stages are chosen: `--only group:eval`. They change no result.',
      }),
    ),
    resources: Resources,
    executor: executor(
      'Where the stage runs: a name under configs/executors, or the executor itself; by default that of the pipeline.',
    ),
    timeout: Type.Optional(
      Type.String({
        pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h|d))+$',
        examples: ['6h', '90s', '1h30m'],
        description: 'An attempt that takes longer is killed and has failed. Units: ms, s, m, h, d.',
      }),
    ),
    retries: Type.Integer({
      minimum: 0,
      maximum: 100,
      default: 0,
      description: 'How often a failed attempt is tried again.',
    }),
    always: Type.Optional(
      Type.Boolean({
        description:
          'true: the stage runs in every run, although its result is cached. What comes after it runs only if that changes.',
      }),
    ),
    fail_if: Type.Optional(FailIf),
  },
  strict,
);
export type StageFields = Static<typeof StageSchema>;

export const STAGE_KEYS: readonly string[] = Object.keys(StageSchema.properties);

const SweepPoints = Type.Array(Type.Record(Type.String(), Type.Unknown()), { minItems: 1 });

const SweptRange = Type.Object(
  {
    from: Type.Number({ description: 'First value.' }),
    to: Type.Number({ description: 'Last value, included.' }),
    step: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'Distance of two values.' })),
    steps: Type.Optional(Type.Integer({ minimum: 2, maximum: 1000, description: 'How many values.' })),
    scale: Type.Optional(
      Type.Unsafe<'linear' | 'log'>({
        type: 'string',
        enum: ['linear', 'log'],
        description: '`log`: neighbours have equal ratios; `linear`, the default: equal distances.',
      }),
    ),
  },
  strict,
);

const SweepSchema = Type.Union(
  [
    Type.Object(
      {
        include: Type.Optional(
          Type.Unsafe<unknown[]>({
            ...SweepPoints,
            description:
              'Points that are added. A parameter that one leaves out has its value from `params`.',
          }),
        ),
        exclude: Type.Optional(
          Type.Unsafe<unknown[]>({
            ...SweepPoints,
            description:
              'Values by parameter; combinations that have all values of one of these are left out.',
          }),
        ),
        sample: Type.Optional(
          Type.Object(
            {
              count: Type.Integer({ minimum: 1, maximum: 1000, description: 'How many points are drawn.' }),
              seed: Type.Optional(
                Type.Integer({ minimum: 0, description: '0 if absent. Another seed draws other points.' }),
              ),
            },
            { ...strict, description: 'Draws points at random instead of taking every combination.' },
          ),
        ),
      },
      {
        additionalProperties: Type.Union([Type.Array(Type.Unknown(), { minItems: 1 }), SweptRange], {
          description:
            'Values of a parameter: a list, `{from, to, step}`, `{from, to, steps}`, with `scale: log` in equal ratios.',
        }),
      },
    ),
    SweepPoints,
  ],
  {
    default: {},
    description:
      'One variant of the pipeline for each combination of the values by parameter, or for each point of a list.',
  },
);

const names = { propertyNames: { pattern: NAME, examples: ['train', 'learning_rate'] } };

/** The whole pipeline file, but for what is inside the stages. */
export const PipelineSchema = Type.Object(
  {
    schema: Type.Literal(1, { description: 'Version of the file format.' }),
    name: Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$',
      examples: ['alpaca-gpt2-medium'],
      description: 'Name of the pipeline. It names runs and decides no result.',
    }),
    description: Type.Optional(Type.String({ description: 'For people; changes nothing.' })),
    params: Type.Record(Type.String(), Type.Unknown(), {
      ...names,
      default: {},
      description: 'Values that `${params.NAME}` stands for in stages; `--set NAME=value` overrides one.',
    }),
    engine: Type.Unsafe<(typeof ENGINE_NAMES)[number] | 'auto'>({
      type: 'string',
      enum: ['auto', ...ENGINE_NAMES],
      default: 'auto',
      description: 'What computes tensors; `auto` takes the best that works here.',
    }),
    executor: executor(
      'Where stages run that do not say it themselves: a name under configs/executors, or the executor itself; here if absent.',
    ),
    slots: Type.Record(Type.String(), Type.Integer({ minimum: 0 }), {
      ...labels,
      default: {},
      description:
        'How many there are of something that stages take under `resources.slots`, such as licences; `--slots NAME=COUNT` overrides one.',
    }),
    stages: Type.Record(Type.String(), Type.Object({}, { additionalProperties: true }), {
      ...names,
      minProperties: 1,
      description: 'The stages by name. Their order means nothing.',
    }),
    sweep: SweepSchema,
  },
  strict,
);
export type PipelineFields = Static<typeof PipelineSchema>;

/** Top-level keys of a pipeline file. `extends` is resolved before the file is checked. */
export const PIPELINE_KEYS: readonly string[] = [...Object.keys(PipelineSchema.properties), 'extends'];
