import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Project } from './rig.ts';

// Some pipelines of test/pipeline/wrong, as a user meets them: `pipe validate` in their folder. All of them are tried in
// wrong.test.ts, without a process for each.
const WRONG = resolve(import.meta.dirname, '../pipeline/wrong');

describe.concurrent('pipe validate', () => {
  const project = new Project();
  afterAll(() => project.remove());

  it.each(['many-errors', 'set-wrong-type', 'error-in-piece'])('refuses %s', async (name) => {
    const folder = join(WRONG, name);
    const set = join(folder, 'set.txt');
    const overrides = existsSync(set) ? readFileSync(set, 'utf8').trimEnd().split('\n') : [];
    const { code, stdout, stderr } = await project.pipe(
      ['validate', 'pipeline.yaml', ...overrides.flatMap((override) => ['--set', override])],
      {},
      folder,
    );
    expect(stderr.replaceAll(folder, '…')).toBe(readFileSync(join(folder, 'expected.txt'), 'utf8'));
    expect([code, stdout]).toEqual([2, '']);
  });
});
