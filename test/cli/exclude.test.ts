import { mkdirSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outcomes, Project } from './rig.ts';

const pipeline = (input: string) => `schema: 1
name: exclude
stages:
  list:
    uses: command
    inputs: { src: ${input} }
    with: { run: '(cd inputs/src && find . | sort) > out.txt', outputs: { out: out.txt } }
`;
let project: Project;
beforeEach(() => {
  project = new Project({ 'src/main.py': 'print(1)', 'src/deep/a.log': 'a' });
});
afterEach(() => project.remove());

const outcome = async (input: string) => {
  project.write('p.yaml', pipeline(input));
  return outcomes((await project.run(['p.yaml'])).events).list;
};

describe('a folder input without some of its files', () => {
  const input = "{ file: ./src, exclude: ['*.log'] }";

  it('is the same whatever is left out, and a stage does not see it', async () => {
    expect(await outcome(input)).toBe('ran');
    project.write('src/__pycache__/main.pyc', 'x');
    project.write('src/.main.py.swp', 'x');
    project.write('src/deep/a.log', 'b');
    expect(await outcome(input)).toBe('hit');
    expect((await project.pipe(['cat', 'p.yaml', 'list.out'])).stdout).toBe('.\n./deep\n./main.py\n');
    project.write('src/main.py', 'print(2)');
    expect(await outcome(input)).toBe('ran');
  });

  it('is a folder as it was before, where nothing is left out', async () => {
    rmSync(project.path('src/deep'), { recursive: true });
    mkdirSync(project.path('src/empty'));
    expect(await outcome('{ file: ./src }')).toBe('ran');
    expect(await outcome('{ file: ./src, exclude: [] }')).toBe('hit');
    project.write('src/__pycache__/main.pyc', 'x');
    expect(await outcome('{ file: ./src, exclude: [] }')).toBe('hit');
    expect(await outcome('{ file: ./src }')).toBe('ran'); // without the key everything counts
  });

  it.each(['/abs', '../up', 'a/../b', ''])('is not described by %j', async (pattern) => {
    project.write('p.yaml', pipeline(`{ file: ./src, exclude: ['${pattern}'] }`));
    const { code, stderr } = await project.pipe(['validate', 'p.yaml']);
    expect(code).toBe(2);
    expect(stderr).toContain('p.yaml:6');
  });
});
