import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPipeline } from '../../src/cli/open/open-pipeline.ts';
import { Project } from './rig.ts';

const VERBS = [
  'run',
  'plan',
  'validate',
  'graph',
  'status',
  'export-runs',
  'doctor',
  'cat',
  'get',
  'bundle',
  'unbundle',
];

describe('help and wrong arguments', () => {
  let project: Project;
  beforeAll(() => {
    project = new Project();
  });
  afterAll(() => project.remove());

  it('lists every verb, examples and exit codes', async () => {
    const { code, stdout, stderr } = await project.pipe(['--help']);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    for (const verb of VERBS) expect(stdout).toMatch(new RegExp(`^ {2}${verb} `, 'm'));
    expect(stdout).toContain('Examples:\n  pipe init');
    expect(stdout).toContain('130 interrupted');
  });

  it.each(VERBS)('pipe %s --help has examples', async (verb) => {
    const { code, stdout } = await project.pipe([verb, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: pipe ${verb}`);
    expect(stdout).toContain(`Examples:\n  pipe ${verb}`);
  });

  it.each(VERBS)('the examples of pipe %s name options, stages and outputs that there are', async (verb) => {
    const { stdout } = await project.pipe([verb, '--help']);
    const [usage = '', examples = ''] = stdout.split('\nExamples:\n');
    for (const [line] of examples.matchAll(/^ {2}pipe .*$/gm)) {
      const [, used, ...words] = line
        .trim()
        .split(/ {2,}| [>|] /)[0]!
        .split(' ');
      expect(used).toBe(verb);
      const options = words.filter((word) => word.startsWith('--'));
      for (const option of options) expect(usage).toMatch(new RegExp(`${option}\\b`));
      const file = words.find((word) => /^pipelines\/\w+\.yaml$/.test(word));
      if (file === undefined) continue;
      const { stages } = await openPipeline(file, { set: [] });
      for (const option of ['--only', '--force']) {
        const stage = words[words.indexOf(option) + 1];
        if (words.includes(option)) expect(stages.map(({ id }) => id)).toContain(stage);
      }
      if (verb !== 'cat' && verb !== 'get') continue;
      const outputs = stages.flatMap(({ id, outputs }) =>
        Object.keys(outputs).map((name) => `${id}.${name}`),
      );
      expect(outputs).toContain(words[1]);
    }
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
