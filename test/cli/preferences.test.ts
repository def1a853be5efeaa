import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Project } from './rig.ts';

const PIPELINES = resolve(import.meta.dirname, '../../pipelines');
const project = new Project();
afterAll(() => project.remove());

it('pipelines/preferences.yaml raises the preferred responses above the others', async () => {
  for (const file of ['preferences.yaml', 'data/preferences.json']) {
    project.write(`pipelines/${file}`, readFileSync(join(PIPELINES, file), 'utf8'));
  }
  const run = await project.run(['pipelines/preferences.yaml', '--engine', 'onnxruntime']);
  expect(run.code).toBe(0);
  const { stdout } = await project.pipe(['cat', 'pipelines/preferences.yaml', 'dpo.history']);
  const [header, first, ...later] = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const cell = (line: string[], column: string) => Number(line[header!.indexOf(column)]);
  expect(cell(first!, 'train_loss')).toBeCloseTo(Math.LN2, 5);
  expect(cell(later.at(-1)!, 'validation_accuracy')).toBe(1);
  expect(cell(later.at(-1)!, 'validation_loss')).toBeLessThan(Math.LN2);
});
