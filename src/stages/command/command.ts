import { type Static, Type } from 'typebox';
import { fittingFileName, MOST_BYTES } from '../../contract/file-name.ts';
import type { StageContext } from '../../contract/stage-context.ts';
import { defineStage, type OutputDeclaration } from '../../contract/stage-type.ts';

/** A path inside the command's directory: relative, without `..` or empty parts. */
const relativePath = Type.String({
  pattern: '^(?!\\.\\.?(/|$))[^/\\0]+(/(?!\\.\\.?(/|$))[^/]+)*$',
  description: 'Path relative to the directory that the command runs in.',
});

const settings = Type.Object(
  {
    run: Type.Union(
      [
        Type.Array(Type.String(), { minItems: 1, description: 'Program and arguments, without a shell.' }),
        Type.String({ minLength: 1, description: 'Script for `sh -c`.' }),
      ],
      {
        affects: 'result',
        description:
          'The command. Its inputs are at inputs/NAME (of `{each: …}` at inputs/NAME/VARIANT), its outputs are expected where `outputs` says.',
      },
    ),
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
        minProperties: 1,
        description:
          'What the command writes, by output name: the path of a file, or {path, artifact: file | directory}.',
      },
    ),
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
  outputs: (settings) =>
    Object.fromEntries(
      Object.entries(declaredOutputs(settings)).map(
        ([name, { path, artifact }]): [string, OutputDeclaration] => [
          name,
          { artifact, path: name, description: `What the command wrote at ${path}.` },
        ],
      ),
    ),
  programTexts: ({ run }) => (typeof run === 'string' ? [run] : run),
  async run(context) {
    const { runCommand } = await import('./run-command.ts');
    await runCommand({
      run: context.settings.run,
      inputs: { ...filesOf(context.inputs), ...filesOfCollections(context.collections) },
      outputs: declaredOutputs(context.settings),
      destinations: context.outputs,
      parentDirectory: context.scratchDirectory,
      signal: context.signal,
      secretFilter: context.secretFilter,
    });
  },
});

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
