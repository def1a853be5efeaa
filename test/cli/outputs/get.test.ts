import { expect, it, onTestFinished } from 'vitest';
import { Project } from '../rig.ts';
import { SMALL } from '../small-pipeline.ts';

it('a destination that cannot be written is told, and nothing is said of running again', async () => {
  const project = new Project({ 'small.yaml': SMALL, file: '' });
  onTestFinished(() => project.remove());
  await project.run(['small.yaml']);
  const { code, stderr } = await project.pipe(['get', 'small.yaml', 'shout.text', 'file/copy']);
  expect(stderr).toMatch(
    /^error: Cannot write file\/copy: a file is .* \(.*\)\.\n {2}Move that file away, or give another destination\.\n$/,
  );
  expect(code).toBe(1);
});
