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
