import { type Static, Type } from 'typebox';
import { fittingFileName, MOST_BYTES } from '../../contract/file-name.ts';
import type { DeclaredMetrics } from '../../contract/metric.ts';
import { METRIC_NAME, METRICS_OUTPUT, metricsFrom } from '../../contract/own-metrics/declared-metric.ts';
import type { StageContext } from '../../contract/stage-context.ts';
import { defineStage, type OutputDeclaration, type SettingProblem } from '../../contract/stage-type.ts';
import { ProgramReport } from './program-report.ts';
import type { Shell } from './shell.ts';

/** A path inside the command's directory: relative, without `..` or empty parts. */
const relativePath = Type.String({
  pattern: '^(?!\\.\\.?(/|$))[^/\\0]+(/(?!\\.\\.?(/|$))[^/]+)*$',
  description: 'Path relative to the directory that the command runs in.',
});

const metric = Type.Object(
  {
    unit: Type.String({
      minLength: 1,
      examples: ['points'],
      description: 'Unit of a difference, in the plural.',
    }),
    better: Type.Unsafe<'higher' | 'lower'>({
      type: 'string',
      enum: ['higher', 'lower'],
      description: 'Which values are better.',
    }),
    description: Type.Optional(Type.String({ description: 'For people.' })),
    scale: Type.Optional(
      Type.Object(
        {
          low: Type.Number({ description: 'Least value that an item can have.' }),
          high: Type.Number({ description: 'Greatest value that an item can have.' }),
        },
        { additionalProperties: false, description: 'Bounds of a value, where there are some.' },
      ),
    ),
  },
  { additionalProperties: false },
);

const settings = Type.Object(
  {
    run: Type.Union(
      [
        Type.Array(Type.String(), {
          minItems: 1,
          description:
            'Program and arguments, without a shell. Numbers and truth values are passed as the file spells them.',
        }),
        Type.String({ minLength: 1, description: 'Script for the shell.' }),
      ],
      {
        affects: 'result',
        asWritten: true,
        description:
          'The command. Its inputs are at inputs/NAME (of `{each: …}` at inputs/NAME/VARIANT), its outputs are expected where `outputs` says.',
      },
    ),
    shell: Type.Unsafe<Shell>({
      type: 'string',
      enum: ['bash', 'sh'],
      affects: 'result',
      default: 'bash',
      legacy: 'bash',
      description:
        'What runs a script. It ends at the first command that fails; in bash also where that is not the last of a pipe (-e, -o pipefail).',
    }),
    outputs: Type.Record(
      Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_-]{0,199}$' }),
      Type.Union([
        relativePath,
        Type.Object(
          {
            path: relativePath,
            artifact: Type.Union([Type.Literal('file'), Type.Literal('directory')]),
          },
          { additionalProperties: false },
        ),
      ]),
      {
        affects: 'result',
        default: {},
        description:
          'What the command writes, by output name: the path of a file, or {path, artifact: file | directory}.',
      },
    ),
    metrics: Type.Record(Type.String({ pattern: METRIC_NAME }), metric, {
      affects: 'result',
      default: {},
      legacy: {},
      description:
        'What the command measures, by name, the most important first. It reports values as lines of JSON on the file that PIPE_EVENTS names; they are kept in the output `metrics`, from which `pipe compare` and `fail_if` read them.',
    }),
  },
  { additionalProperties: false },
);
type Settings = Static<typeof settings>;

export const command = defineStage({
  uses: 'command',
  version: 1,
  summary: 'Runs any program in a fresh directory that holds only its declared inputs.',
  example: `
count:
  uses: command
  inputs: { records: split.train }
  with:
    run: "wc -l < inputs/records > lines.txt"
    outputs: { lines: lines.txt }
`,
  settings,
  inputs: 'any',
  inputAccess: 'copy',
  checkSettings: async (settings) => problemsOf(settings),
  outputs: (settings) => ({
    ...Object.fromEntries(
      Object.entries(declaredOutputs(settings)).map(
        ([name, { path, artifact }]): [string, OutputDeclaration] => [
          name,
          { artifact, path: name, description: `What the command wrote at ${path}.` },
        ],
      ),
    ),
    ...(measures(settings) && { [METRICS_OUTPUT]: metricsOutput }),
  }),
  metrics: ({ metrics }) => metricsFrom((metrics ?? {}) as DeclaredMetrics),
  programTexts: ({ run }) => (typeof run === 'string' ? [run] : run),
  async run(context) {
    const { runCommand } = await import('./run-command.ts');
    const report = new ProgramReport(context, context.settings.metrics);
    await runCommand({
      run: context.settings.run,
      shell: context.settings.shell,
      inputs: { ...filesOf(context.inputs), ...filesOfCollections(context.collections) },
      outputs: declaredOutputs(context.settings),
      destinations: context.outputs,
      parentDirectory: context.scratchDirectory,
      signal: context.signal,
      secretFilter: context.secretFilter,
      onEvent: (event) => report.handle(event),
    });
    await report.finish(measures(context.settings) ? context.outputs[METRICS_OUTPUT] : undefined);
  },
});

const metricsOutput: OutputDeclaration = {
  artifact: 'file',
  path: METRICS_OUTPUT,
  description:
    'What the command measured, if `metrics` declares something: JSON with the metrics, their values and items.',
};

function measures({ metrics }: Pick<Settings, 'metrics'>): boolean {
  return Object.keys(metrics).length > 0;
}

function problemsOf(settings: Settings): readonly SettingProblem[] {
  const { outputs, metrics } = settings;
  const problems: SettingProblem[] = [];
  if (Object.keys(outputs).length === 0 && !measures(settings)) {
    problems.push({
      code: 'no-output',
      path: ['outputs'],
      message: 'a command without outputs gives nothing',
      hint: 'declare what it writes: outputs: { result: result.txt }, or what it measures under `metrics`',
    });
  }
  if (measures(settings) && Object.hasOwn(outputs, METRICS_OUTPUT)) {
    problems.push({
      code: 'output-taken',
      path: ['outputs', METRICS_OUTPUT],
      message: `the output \`${METRICS_OUTPUT}\` is made from what the command reports`,
      hint: 'give this output another name, or leave out `metrics`',
    });
  }
  if (settings.shell === 'sh' && typeof settings.run !== 'string') {
    problems.push({
      code: 'no-shell',
      path: ['shell'],
      message: 'a list is run without a shell',
      hint: 'leave out `shell`, or write the command as one text',
    });
  }
  for (const [name, { scale }] of Object.entries(metrics)) {
    if (scale === undefined || scale.low < scale.high) continue;
    problems.push({
      code: 'empty-scale',
      path: ['metrics', name, 'scale'],
      message: `the scale of \`${name}\` ends before it begins`,
    });
  }
  return problems;
}

/** Path under `inputs/` -> private copy. */
type InputFiles = Readonly<Record<string, string>>;

function filesOf(inputs: StageContext<Settings>['inputs']): InputFiles {
  return Object.fromEntries(Object.entries(inputs).map(([name, { path }]) => [name, path]));
}

/** What `{each: …}` collected is at inputs/NAME/LABEL; a slash in the label of a variant becomes %2F, a long label is cut. */
function filesOfCollections(collections: StageContext<Settings>['collections']): InputFiles {
  return Object.fromEntries(
    Object.entries(collections).flatMap(([name, inputs]) =>
      [...inputs].map(([label, { path }]) => [`${name}/${fileOfVariant(label)}`, path]),
    ),
  );
}

function fileOfVariant(label: string): string {
  return fittingFileName(label, label.replaceAll('/', '%2F') || 'default', MOST_BYTES);
}

function declaredOutputs({
  outputs,
}: Settings): Record<string, { path: string; artifact: 'file' | 'directory' }> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, output]) => [
      name,
      typeof output === 'string' ? { path: output, artifact: 'file' } : output,
    ]),
  );
}
