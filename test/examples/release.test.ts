import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

describe('the release workflow', () => {
  const workflow = parse(read('examples/ci/release.yml'));
  const { publish } = workflow.jobs;
  const steps: readonly Step[] = publish.steps;

  it('runs for tags alone, and only its own job may sign', () => {
    expect(workflow.on).toEqual({ push: { tags: ['v*'] } });
    expect(workflow.permissions).toEqual({ contents: 'read' });
    expect(publish.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
  });

  it('names every action by the commit that it is', () => {
    const actions = steps.flatMap(({ uses }) => uses ?? []);
    expect(actions).toHaveLength(2);
    for (const action of actions) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
  });

  it('publishes with provenance what was checked, and holds no token', () => {
    const scripts = steps.flatMap(({ run }) => run ?? []);
    expect(scripts.slice(-2)).toEqual(['.ci/run', 'npm publish --ignore-scripts']);
    const { name, publishConfig } = JSON.parse(read('package.json'));
    expect(name).toBe('@pipe-ml/pipe');
    expect(publishConfig).toEqual({ access: 'public', provenance: true });
    expect(read('examples/ci/release.yml')).not.toMatch(/secrets\.|NODE_AUTH_TOKEN/);
  });
});
