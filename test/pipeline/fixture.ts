import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { Type } from 'typebox';
import { afterEach } from 'vitest';
import type { Json } from '../../src/contract/json.ts';
import { defineStage, type StageType } from '../../src/contract/stage-type.ts';
import { PipelineError } from '../../src/pipeline/diagnostics/diagnostic.ts';
import { DiagnosticList } from '../../src/pipeline/diagnostics/diagnostic-list.ts';
import { loadPipeline } from '../../src/pipeline/load.ts';
import type { Pipeline, Stage } from '../../src/pipeline/pipeline.ts';
import { createValidators } from '../../src/pipeline/schema/compile-validators.ts';
import { parseYaml } from '../../src/pipeline/yaml/parse-yaml.ts';
import type { MapValue } from '../../src/pipeline/yaml/value.ts';

const file = (path: string) => ({ artifact: 'file' as const, path, description: `The file ${path}.` });
const nothing = async () => {};

/** Makes a file from nothing but its settings. */
const source = defineStage({
  uses: 'source',
  version: 1,
  summary: 'Writes a text.',
  settings: Type.Object({
    text: Type.String({ affects: 'result', default: 'hello' }),
    times: Type.Integer({ affects: 'result', default: 1, minimum: 0 }),
  }),
  inputs: {},
  outputs: () => ({ text: file('text.txt') }),
  run: nothing,
});

/** Has a required and an optional input, a piece and a choice between two kinds of objects. */
const learn = defineStage({
  uses: 'learn',
  version: 1,
  summary: 'Learns from a text.',
  settings: Type.Object({
    rate: Type.Number({ affects: 'result', default: 0.1 }),
    style: Type.Optional(
      Type.Object(
        { before: Type.String(), after: Type.String({ default: '.' }) },
        { affects: 'result', piece: 'prompts' },
      ),
    ),
    method: Type.Union(
      [
        Type.Object({ kind: Type.Literal('steps'), steps: Type.Integer({ default: 10 }) }),
        Type.Object({ kind: Type.Literal('until'), loss: Type.Number() }),
      ],
      { affects: 'result', default: { kind: 'steps' } },
    ),
  }),
  inputs: {
    text: { artifact: 'file', description: 'What is learnt.' },
    hint: { artifact: 'file', description: 'Helps.', optional: true },
  },
  outputs: () => ({
    model: { artifact: 'directory', path: 'model', description: 'The model.' },
    loss: file('loss'),
  }),
  run: nothing,
});

/** Takes any inputs. */
const gather = defineStage({
  uses: 'gather',
  version: 1,
  summary: 'Puts everything on one page.',
  settings: Type.Object({ values: Type.Unknown({ affects: 'result', default: {} }) }),
  inputs: 'any',
  outputs: () => ({ page: file('page.html') }),
  run: nothing,
});

export const stageTypes: ReadonlyMap<string, StageType> = new Map(
  [source, learn, gather].map((type) => [type.uses, type as StageType]),
);
export const validators = createValidators(stageTypes);

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A fresh folder with these files, removed after the test. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'pipe-pipeline-'));
  folders.push(folder);
  for (const [path, text] of Object.entries({ 'package.json': '{}', ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** Loads `pipeline.yaml` of a folder with the stage types of this file. */
export function load(folder: string, overrides: readonly string[] = []): Promise<Pipeline> {
  return loadPipeline(join(folder, 'pipeline.yaml'), {
    overrides,
    stageTypes,
    validators,
    packageConfigs: join(folder, 'package-configs'),
  });
}

/** Loads a pipeline that is given as text, after `schema` and `name`. */
export function loadText(text: string, overrides: readonly string[] = []): Promise<Pipeline> {
  return load(folderWith({ 'pipeline.yaml': `schema: 1\nname: test\n${text}` }), overrides);
}

/** The messages of all diagnostics of a pipeline that must be refused. */
export async function messagesOf(loading: Promise<Pipeline>): Promise<readonly string[]> {
  const error = await loading.then(
    () => new Error('the pipeline was accepted'),
    (error: unknown) => error,
  );
  if (!(error instanceof PipelineError)) throw error;
  return error.diagnostics.map(({ message }) => message);
}

export function stage(pipeline: Pipeline, id: string): Stage {
  const found = pipeline.stages.find((stage) => stage.id === id);
  if (found === undefined) throw new Error(`no ${id} among ${pipeline.stages.map(({ id }) => id).join(' ')}`);
  return found;
}

/** A map value from YAML text that is right. */
export function mapOf(text: string, name = 'test.yaml'): MapValue {
  const diagnostics = new DiagnosticList();
  const value = parseYaml(text, name, diagnostics);
  if (value?.kind !== 'map' || !diagnostics.isEmpty) throw new Error(`not a map: ${text}`);
  return value;
}

const safeNumber = fc
  .oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .filter((number) => !Object.is(number, -0) && (!Number.isInteger(number) || Number.isSafeInteger(number)));
const text = fc.string({ unit: 'grapheme' });

/** Any JSON that YAML can carry without loss. */
export const anyJson: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    safeNumber,
    text,
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      tie('json'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).json;

/** What can be put into the middle of a text. */
export const anyScalar: fc.Arbitrary<string | number | boolean> = fc.oneof(text, safeNumber, fc.boolean());
