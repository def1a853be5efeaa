import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadPipeline } from '../../src/pipeline/load.ts';
import { createValidators } from '../../src/pipeline/schema/compile-validators.ts';
import { stageTypes } from '../../src/stages/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const validators = createValidators(stageTypes);
const load = (file: string, ...overrides: readonly string[]) =>
  loadPipeline(file, { overrides, stageTypes, validators, packageConfigs: join(root, 'configs') });
const names = (folder: string) => readdirSync(join(root, folder)).filter((file) => file.endsWith('.yaml'));

describe('what is shipped', () => {
  it.each(names('pipelines'))('pipelines/%s loads', async (file) => {
    const { stages } = await load(join(root, 'pipelines', file));
    expect(stages.length).toBeGreaterThan(1);
  });

  it.each([
    ...names('configs/models').map((file) => ['models', file, 'stages.pretrained.with.model'] as const),
    ...names('configs/prompts').map((file) => ['prompts', file, 'stages.format.with.prompt'] as const),
    ...names('configs/judges').map((file) => ['judges', file, 'stages.judge.with.judge'] as const),
  ])('configs/%s/%s is a piece that a pipeline can name', async (_, file, setting) => {
    await load(
      join(root, 'pipelines/alpaca-gpt2-medium.yaml'),
      `${setting}=${file.slice(0, -'.yaml'.length)}`,
    );
  });
});
