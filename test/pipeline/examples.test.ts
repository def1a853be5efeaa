import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { loadPipeline } from '../../src/pipeline/load.ts';
import { createValidators } from '../../src/pipeline/schema/compile-validators.ts';
import { stageTypes } from '../../src/stages/index.ts';

const packageConfigs = fileURLToPath(new URL('../../configs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'pipe-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

const examples = [...stageTypes.values()].map(({ uses, example = '' }) => ({
  uses,
  example: example.trim(),
}));

describe('the examples of the reference', () => {
  it('are stages of one pipeline, and each is of its type', async () => {
    const file = join(folder, 'examples.yaml');
    const stages = examples.map(({ example }) => example.replaceAll(/^/gm, '  '));
    writeFileSync(file, ['schema: 1', 'name: examples', 'stages:', ...stages, ''].join('\n'));
    const pipeline = await loadPipeline(file, {
      overrides: [],
      stageTypes,
      validators: createValidators(stageTypes),
      packageConfigs,
    });
    expect(new Set(pipeline.stages.map(({ type }) => type.uses))).toEqual(new Set(stageTypes.keys()));
  });

  it.each(examples)('$uses: a few short lines', ({ uses, example }) => {
    expect(example).toMatch(new RegExp(`^[a-z]+:\\n  uses: ${uses}\\n`));
    for (const line of example.split('\n')) expect(line.length).toBeLessThan(125);
    expect(example.split('\n').length).toBeLessThan(10);
  });
});
