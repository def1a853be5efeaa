import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PipelineMemo } from '../../../src/cli/open/pipeline-memo.ts';
import { loadPipeline } from '../../../src/pipeline/load.ts';
import type { Pipeline } from '../../../src/pipeline/pipeline.ts';
import { createValidators } from '../../../src/pipeline/schema/compile-validators.ts';
import { Sources } from '../../../src/pipeline/yaml/sources.ts';
import { stageTypes } from '../../../src/stages/index.ts';
import { Project } from '../rig.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const validators = createValidators(stageTypes);

const PIPELINE = `schema: 1
extends: ./base.yaml
name: small
stages:
  format: { uses: format, inputs: { data: { file: ./data.json } }, with: { prompt: plain } }
`;

describe('PipelineMemo', () => {
  let project: Project;
  beforeEach(() => {
    project = new Project({
      'sub/pipeline.yaml': PIPELINE,
      'sub/base.yaml': 'params: { rate: 0.5 }',
      'sub/data.json': '[]',
      'packaged/prompts/plain.yaml': readFileSync(join(ROOT, 'configs/prompts/plain.yaml')),
    });
  });
  afterEach(() => project.remove());

  const file = () => project.path('sub/pipeline.yaml');
  const memoOf = (question: { file?: string; overrides?: readonly string[]; build?: string } = {}) =>
    new PipelineMemo(project.path('cache'), stageTypes, {
      file: file(),
      overrides: [],
      absentInputs: false,
      build: 'one',
      ...question,
    });
  const load = (path: string, sources: Sources, overrides: readonly string[] = []) =>
    loadPipeline(path, {
      overrides,
      stageTypes,
      validators,
      packageConfigs: project.path('packaged'),
      sources,
    });
  const remember = async (): Promise<Pipeline> => {
    const sources = new Sources();
    const pipeline = await load(file(), sources);
    await memoOf().remember(pipeline, sources);
    return pipeline;
  };

  it('gives the pipeline back as it was loaded', async () => {
    expect(memoOf().recall()).toBeUndefined();
    const pipeline = await remember();
    expect(memoOf().recall()).toEqual(pipeline);
  });

  it.each(readdirSync(join(ROOT, 'pipelines')).filter((name) => name.endsWith('.yaml')))(
    'gives back pipelines/%s with its very stage types',
    async (name) => {
      const path = join(ROOT, 'pipelines', name);
      const sources = new Sources();
      const pipeline = await loadPipeline(path, {
        overrides: [],
        stageTypes,
        validators,
        packageConfigs: join(ROOT, 'configs'),
        sources,
      });
      await memoOf({ file: path }).remember(pipeline, sources);
      const recalled = memoOf({ file: path }).recall();
      expect(recalled).toStrictEqual(pipeline);
      expect(recalled?.stages.map(({ type }) => type)).toEqual(pipeline.stages.map(({ type }) => type));
    },
  );

  it.each([
    ['the file is edited', 'sub/pipeline.yaml', `${PIPELINE}# one more line\n`],
    ['a file that it extends is edited', 'sub/base.yaml', 'params: { rate: 0.6 }'],
    ['a named piece is edited', 'packaged/prompts/plain.yaml', '{}'],
    ["a piece of the project's own appears before the package's", 'configs/prompts/plain.yaml', '{}'],
    ['a piece beside the file appears', 'sub/configs/prompts/plain.yaml', '{}'],
    ['the project gets a root further down', 'sub/package.json', '{}'],
  ])('knows nothing when %s', async (_, path, content) => {
    await remember();
    project.write(path, content);
    expect(memoOf().recall()).toBeUndefined();
  });

  it('knows nothing when a file that it read or looked at is gone', async () => {
    await remember();
    const { renameSync } = await import('node:fs');
    for (const path of ['sub/data.json', 'sub/base.yaml', 'packaged/prompts/plain.yaml']) {
      renameSync(project.path(path), project.path('away'));
      expect(memoOf().recall()).toBeUndefined();
      renameSync(project.path('away'), project.path(path));
      expect(memoOf().recall()).toBeDefined();
    }
  });

  it('does not mind what is in an input: runs read that themselves', async () => {
    await remember();
    project.write('sub/data.json', '[1]');
    expect(memoOf().recall()).toBeDefined();
  });

  it('knows nothing of other overrides, another file or another build', async () => {
    await remember();
    expect(memoOf({ overrides: ['rate=0.6'] }).recall()).toBeUndefined();
    expect(memoOf({ file: project.path('sub/base.yaml') }).recall()).toBeUndefined();
    expect(memoOf({ build: 'two' }).recall()).toBeUndefined();
  });

  it('knows nothing in another folder, where the paths of overrides mean other files', async () => {
    await remember();
    const before = process.cwd();
    process.chdir(project.directory);
    try {
      expect(memoOf({ file: file() }).recall()).toBeUndefined();
    } finally {
      process.chdir(before);
    }
  });

  it('is not believed when any byte of it is damaged', async () => {
    await remember();
    const [name] = readdirSync(project.path('cache/pipelines'));
    const memo = project.path('cache/pipelines', name!);
    const sound = readFileSync(memo);
    for (const at of [0, 63, 64, 65, 200, sound.length - 1]) {
      const damaged = Buffer.from(sound);
      damaged[at]! ^= 1;
      writeFileSync(memo, damaged);
      expect(memoOf().recall()).toBeUndefined();
    }
    for (const length of [0, 64, 65, sound.length - 1]) {
      writeFileSync(memo, sound.subarray(0, length));
      expect(memoOf().recall()).toBeUndefined();
    }
  });

  it('does without where nothing can be written', async () => {
    project.write('cache', 'a file where the folder should be');
    await expect(remember()).resolves.toBeDefined();
    expect(memoOf().recall()).toBeUndefined();
  });
});
