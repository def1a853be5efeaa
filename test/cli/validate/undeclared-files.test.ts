import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { Project } from '../rig.ts';

/* What a command reads by an absolute path of the project is no input: changes of it would be missed in silence. */

const projects: Project[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

/** A project with a script, a folder and a path with a space; `run` is the command of its stage `one`, as YAML. */
function commandProject(run: (directory: string) => string): Project {
  const project = new Project({ 'scripts/main.py': '', 'my data/a.csv': '', 'top.sh': '' });
  projects.push(project);
  const command = run(project.directory);
  project.write(
    'p.yaml',
    `schema: 1\nname: p\nstages:\n  one:\n    uses: command\n    with: { run: ${command}, outputs: { o: o } }\n`,
  );
  return project;
}

describe('an absolute path into the project in a command', () => {
  it.each<[string, (directory: string) => string, string]>([
    ['a script', (d) => `"true ${d}/scripts/main.py; echo > o"`, 'scripts/main.py'],
    ['an argument', (d) => `[sh, -c, "echo > o", ${d}/scripts/main.py]`, 'scripts/main.py'],
    ['the value of an option', (d) => `"true --config=${d}/top.sh; echo > o"`, 'top.sh'],
    ['a script in an argument', (d) => `[sh, -c, "true <${d}/top.sh; echo > o"]`, 'top.sh'],
    ['a folder', (d) => `"P=$PWD; cd ${d}/scripts && true; echo > $P/o"`, 'scripts'],
    ['a path with a space', (d) => `"true '${d}/my data/a.csv'; echo > o"`, 'my data/a.csv'],
    ['a path with detours', (d) => `"true ${d}/scripts/..//top.sh; echo > o"`, 'top.sh'],
  ])('as %s is a warning of validate, plan, and each run', async (_, run, path) => {
    const project = commandProject(run);
    for (const args of [
      ['validate', 'p.yaml'],
      ['plan', 'p.yaml'],
      ['run', 'p.yaml'],
      ['run', 'p.yaml'], // Now it is a hit of a pipeline that is remembered.
    ]) {
      const { code, stderr } = await project.pipe(args);
      expect(stderr).toMatch(/^p\.yaml:6:\d+: warning: stage `one` names .* is no input/);
      expect(stderr).toContain(`names ${project.path(path)}, which`);
      expect(stderr.match(/warning:/g)).toHaveLength(1);
      expect(code, args.join(' ')).toBe(0);
    }
  });

  it('shows the place, and what to write instead', async () => {
    const project = commandProject((d) => `"true ${d}/scripts/main.py"`);
    const { stderr } = await project.pipe(['validate', 'p.yaml']);
    const [, source, carets, hint] = stderr.split('\n');
    const from = source!.indexOf(project.directory);
    expect(carets!.indexOf('^')).toBe(from);
    expect(carets!.length).toBe(from + project.path('scripts/main.py').length);
    expect(hint).toBe(
      '  hint: declare it as `inputs: { main.py: { file: ./scripts/main.py } }` and write inputs/main.py; ' +
        'if it needs other files of its folder, declare { file: ./scripts }',
    );
    // The advice works.
    project.write(
      'p.yaml',
      'schema: 1\nname: p\nstages:\n  one:\n    uses: command\n    inputs: { main.py: { file: ./scripts/main.py } }\n' +
        '    with: { run: cp inputs/main.py o, outputs: { o: o } }\n',
    );
    expect(await project.pipe(['run', 'p.yaml'])).toMatchObject({ code: 0, stderr: '' });
  });

  it('is found behind ~, $HOME and symbolic links', async () => {
    const project = commandProject(
      (d) => `"true ~/scripts/main.py $HOME/top.sh ${d}/link/main.py; echo > o"`,
    );
    symlinkSync('scripts', project.path('link'));
    const { stderr } = await project.pipe(['validate', 'p.yaml'], { HOME: project.directory });
    expect(stderr.match(/names \S+,/g)).toEqual(
      ['scripts/main.py', 'top.sh', 'link/main.py'].map((path) => `names ${project.path(path)},`),
    );
  });

  it('that comes from a parameter is shown at its stage', async () => {
    const project = commandProject(() => '"true ${params.script}; echo > o"');
    const { stderr } = await project.pipe(['validate', 'p.yaml', '--set', 'params={script: /x}']);
    expect(stderr).toBe('');
    const script = `params={script: ${project.path('top.sh')}}`;
    expect((await project.pipe(['validate', 'p.yaml', '--set', script])).stderr).toMatch(
      /^p\.yaml:4:3: warning:/,
    );
  });
});

it.each<[string, (directory: string) => string]>([
  ['a file that the command writes', (d) => `"echo > o; echo x >> ${d}/top.sh"`],
  ['nothing that exists', (d) => `"true ${d}/none; echo > o"`],
  ['a program of the system', () => '"/bin/sh -c true; echo > o"'],
  ['the interpreter of a virtual environment', (d) => `"true ${d}/env/bin/python; echo > o"`],
  ['an installed package', (d) => `"true ${d}/node_modules/.bin/tool; echo > o"`],
  ['a path that only ends like it', (d) => `"true /elsewhere${d}/top.sh; echo > o"`],
])('a path of %s needs no warning', async (_, run) => {
  const project = commandProject(run);
  project.write('env/pyvenv.cfg', '');
  mkdirSync(project.path('env/bin'));
  symlinkSync(realpathSync(project.path('top.sh')), project.path('env/bin/python'));
  project.write('node_modules/.bin/tool', '');
  expect(await project.pipe(['validate', 'p.yaml'])).toMatchObject({ code: 0, stderr: '' });
});
