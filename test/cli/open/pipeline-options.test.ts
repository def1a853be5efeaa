import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from '../rig.ts';
import { SMALL } from '../small-pipeline.ts';

describe('--artifacts', () => {
  let project: Project;
  beforeAll(() => {
    project = new Project({ 'small.yaml': SMALL, file: '' });
  });
  afterAll(() => project.remove());

  it.each(['', ' '])('is refused when it is %j', async (artifacts) => {
    const { code, stderr } = await project.pipe(['run', 'small.yaml', '--artifacts', artifacts]);
    expect(stderr).toContain('It must name a folder.');
    expect(code).toBe(2);
    expect(existsSync(project.path('cache'))).toBe(false);
  });

  it.each(['file', 'file/below'])(
    'that cannot be a folder (%s) is told without a stack',
    async (artifacts) => {
      const { code, stderr } = await project.pipe(['run', 'small.yaml', '--artifacts', artifacts]);
      expect(stderr).toMatch(
        /^error: Cannot .*: a file is (where a folder is needed|in the way) \(.*file.*\)\.\n/,
      );
      expect(stderr).toContain('or give another folder with --artifacts');
      expect(stderr).not.toContain('internal error');
      expect(code).toBe(1);
    },
  );
});

describe.each(['--set', '--force', '--only'])('%s, which may be repeated,', (option) => {
  let project: Project;
  beforeAll(() => {
    project = new Project({ 'small.yaml': SMALL });
  });
  afterAll(() => project.remove());
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => [
      option,
      option === '--set' ? `mark=${index}` : 'shout',
    ]).flat();

  it('is taken a thousand times', async () => {
    const { code, stderr } = await project.pipe(['plan', 'small.yaml', ...many(1000)]);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('is refused beyond that, with what to do instead', async () => {
    const { code, stderr } = await project.pipe(['plan', 'small.yaml', ...many(1001)]);
    expect(stderr).toMatch(
      new RegExp(`^error: option '${option} .* is invalid\\. It can be given 1,000 times at most\\. .*\\.\n`),
    );
    expect(code).toBe(2);
  });
});
