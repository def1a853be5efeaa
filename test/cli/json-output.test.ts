import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from './rig.ts';
import { SMALL } from './small-pipeline.ts';

/** Compiles a schema as it is published. */
function schema(name: string): ValidateFunction {
  const file = resolve(import.meta.dirname, '../../schemas', `${name}.schema.json`);
  return new Ajv().compile(JSON.parse(readFileSync(file, 'utf8')));
}

describe('what --json prints', () => {
  let project: Project;
  beforeAll(() => {
    project = new Project({ 'small.yaml': SMALL });
  });
  afterAll(() => project.remove());

  const printed = async (...args: string[]) => JSON.parse((await project.pipe([...args, '--json'])).stdout);

  it('plan, before and after a run', async () => {
    const valid = schema('plan');
    const before = await printed('plan', 'small.yaml');
    expect(valid(before), JSON.stringify(valid.errors)).toBe(true);
    expect(before.stages.map(({ state }: { state: string }) => state)).toEqual(['run', 'may-run', 'may-run']);
    await project.run(['small.yaml']);
    const after = await printed('plan', 'small.yaml', '--set', 'mark=.');
    expect(valid(after), JSON.stringify(valid.errors)).toBe(true);
    expect(after.stages[2].reason.changes[0].path).toBe('settings.run');
  });

  it('run: every event, also of a failed run', async () => {
    const valid = schema('run-event');
    const failing = await project.run(['small.yaml', '--set', 'stages.count.with.run=exit 1']);
    const cached = await project.run(['small.yaml']);
    const forced = await project.run(['small.yaml', '--force', 'count']);
    for (const event of [...failing.events, ...cached.events, ...forced.events]) {
      expect(valid(event), `${JSON.stringify(event)} ${JSON.stringify(valid.errors)}`).toBe(true);
    }
    const finished = cached.events.find((event) => event.type === 'stage-finished');
    expect(finished).toMatchObject({ stage: 'words', outcome: 'hit', outputs: { text: { bytes: 13 } } });
  });

  it('status, with and without a pipeline', async () => {
    const valid = schema('status');
    const plain = await printed('status');
    expect(valid(plain), JSON.stringify(valid.errors)).toBe(true);
    expect(plain.runs.length).toBeGreaterThan(0);
    const ofPipeline = await printed('status', 'small.yaml');
    expect(valid(ofPipeline), JSON.stringify(valid.errors)).toBe(true);
    expect(ofPipeline.stages).toHaveLength(3);
  });
});
