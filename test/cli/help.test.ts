import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from './rig.ts';

describe('help and wrong arguments', () => {
  let project: Project;
  beforeAll(() => {
    project = new Project();
  });
  afterAll(() => project.remove());

  it('lists verbs, examples and exit codes', async () => {
    const { code, stdout, stderr } = await project.pipe(['--help']);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    for (const verb of ['init', 'run', 'compare', 'completion'])
      expect(stdout).toMatch(new RegExp(`^ {2}${verb} `, 'm'));
    expect(stdout).toContain('Examples:\n  pipe init');
    expect(stdout).toContain('130 interrupted');
  });

  it.each([
    [['rum'], "error: unknown command 'rum'\n(Did you mean run?)\n"],
    [['plan', 'x.yaml', '--offlin'], "error: unknown option '--offlin'\n(Did you mean --offline?)\n"],
    [['help', 'rnu'], "error: unknown command 'rnu'\n(Did you mean run?)\n"],
    [['cat'], "error: missing required argument 'file'\n"],
    [
      ['run', 'x.yaml', '--jobs', '0'],
      "error: option '-j, --jobs <n>' argument '0' is invalid. It must be a whole number from 1.\n",
    ],
    [
      ['graph', 'x.yaml', '--format', 'svg'],
      "error: option '--format <format>' argument 'svg' is invalid. Allowed choices are text, mermaid, dot.\n",
    ],
  ])('pipe %j is refused with code 2', async (args, message) => {
    const { code, stdout, stderr } = await project.pipe(args);
    expect(stderr).toBe(message);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('without a verb shows the help and fails', async () => {
    const { code, stderr } = await project.pipe([]);
    expect(code).toBe(2);
    expect(stderr).toContain('Usage: pipe');
  });
});
