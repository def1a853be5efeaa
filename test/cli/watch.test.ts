import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { Project } from './rig.ts';

const projects: Project[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

/** A pipeline that extends another one, and whose stage reads a file, a folder and a script. */
function watchedProject(): Project {
  const project = new Project({
    'base.yaml': `schema: 1
name: base
params: { mark: one }
stages:
  show:
    uses: command
    inputs: { script: { file: ./show.sh }, data: { file: ./data.txt }, folder: { file: ./folder } }
    with: { run: "sh inputs/script \${params.mark} > o", outputs: { o: o } }
`,
    'p.yaml': 'extends: ./base.yaml\nname: p\n',
    'show.sh': 'echo $1 $(cat inputs/data inputs/folder/*)\n',
    'data.txt': 'data\n',
    'folder/a.txt': 'a\n',
    'notes.txt': 'not read\n',
  });
  projects.push(project);
  return project;
}

/** `pipe watch` at work. */
class Watching {
  readonly process: ChildProcess;
  readonly #project: Project;
  #text = '';
  readonly ended: Promise<number | null>;

  constructor(project: Project) {
    this.#project = project;
    this.process = project.start(['watch', 'p.yaml']);
    for (const stream of [this.process.stdout, this.process.stderr])
      stream!.setEncoding('utf8').on('data', (text: string) => {
        this.#text += text;
      });
    this.ended = new Promise((resolve) => this.process.once('close', resolve));
  }

  /** Waits until it watches again and has said this; gives all that it has said since the last time. */
  async said(words = ''): Promise<string> {
    const isSaid = () =>
      /Watching \d+ files?\. Ctrl-C ends it\.\n/.test(this.#text) && this.#text.includes(words);
    await expect.poll(isSaid, { timeout: 30_000, interval: 20, message: this.#text }).toBe(true);
    const text = this.#text;
    this.#text = '';
    return text;
  }

  async output(): Promise<string> {
    return (await this.#project.pipe(['cat', 'p.yaml', 'show.o'])).stdout;
  }
}

const runsOf = (project: Project) => readdirSync(project.path('artifacts/runs')).length;

describe('pipe watch', () => {
  it('does not wait for a file that was never there', async () => {
    const { code, stderr } = await watchedProject().pipe(['watch', 'none.yaml']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('none.yaml')]);
  });

  it('runs again when a file of the pipeline changes, says which, and ends with Ctrl-C', async () => {
    const project = watchedProject();
    const watching = new Watching(project);
    expect(await watching.said()).toContain('Succeeded');
    expect(await watching.output()).toBe('one data a\n');

    project.write('data.txt', 'other\n');
    expect(await watching.said()).toMatch(/^\ndata\.txt changed: running again\n.*Succeeded/s);
    expect(await watching.output()).toBe('one other a\n');

    project.write('folder/b.txt', 'b\n');
    expect(await watching.said()).toContain('folder/b.txt was added: running again');
    expect(await watching.output()).toBe('one other a b\n');
    rmSync(project.path('folder/a.txt'));
    expect(await watching.said()).toContain('folder/a.txt was removed: running again');

    // As editors save: a new file in the place of the old one.
    project.write('show.new', 'echo script $1\n');
    renameSync(project.path('show.new'), project.path('show.sh'));
    expect(await watching.said()).toContain('show.sh changed: running again');
    expect(await watching.output()).toBe('script one\n');

    project.write('p.yaml', 'extends: ./base.yaml\nname: p\nparams: { mark: two }\n');
    expect(await watching.said()).toContain('p.yaml changed: running again');
    expect(await watching.output()).toBe('script two\n');

    watching.process.kill('SIGINT');
    expect(await watching.ended).toBe(130);
  }, 60_000);

  it('runs once for several changes at once, and not for a file that does not count', async () => {
    const project = watchedProject();
    const watching = new Watching(project);
    await watching.said();
    project.write('notes.txt', 'changed');
    project.write('new.txt', 'new');
    for (const name of ['data.txt', 'folder/a.txt', 'show.sh', 'base.yaml'])
      project.write(name, `${name === 'base.yaml' ? '# changed\nschema: 1\nname: b\nstages: {}\n' : 'x'}`);
    expect(await watching.said()).toMatch(
      /^\nbase\.yaml changed, .* changed, .* changed, 1 more change: running again\n/,
    );
    expect(runsOf(project)).toBeLessThanOrEqual(2);
    watching.process.kill('SIGTERM');
    expect(await watching.ended).toBe(130);
  }, 60_000);

  it('waits for a change where the pipeline is wrong, an input is missing, or a stage fails', async () => {
    const project = watchedProject();
    const right = readFileSync(project.path('base.yaml'), 'utf8');
    project.write('base.yaml', right.replace('params', 'prams'));
    const watching = new Watching(project);
    await watching.said('did you mean `params`?');
    renameSync(project.path('data.txt'), project.path('kept.txt'));
    project.write('base.yaml', right);
    await watching.said('there is no file');
    renameSync(project.path('kept.txt'), project.path('data.txt'));
    expect(await watching.said('Succeeded')).toContain('data.txt was added: running again');
    project.write('show.sh', 'exit 3\n');
    expect(await watching.said('show failed')).toContain('show.sh changed: running again');
    watching.process.kill('SIGINT');
    expect(await watching.ended).toBe(130);
  }, 60_000);

  it('runs again after a run during which a file has changed, never two at once, and Ctrl-C cancels what runs', async () => {
    const project = watchedProject();
    const go = project.path('go');
    project.write(
      'show.sh',
      `echo > ${project.path('started')}; until [ -e ${go} ]; do sleep 0.05; done; cat inputs/data\n`,
    );
    const watching = new Watching(project);
    await expect.poll(() => existsSync(project.path('started')), { timeout: 20_000 }).toBe(true);
    project.write('data.txt', 'changed meanwhile\n');
    project.write('go', '');
    const text = await watching.said();
    if (!text.includes('running again'))
      expect(await watching.said()).toContain('data.txt changed: running again');
    expect(await watching.output()).toBe('changed meanwhile\n');
    expect(runsOf(project)).toBe(2);

    rmSync(go);
    rmSync(project.path('started'));
    project.write('data.txt', 'again\n');
    await expect.poll(() => existsSync(project.path('started')), { timeout: 20_000 }).toBe(true);
    watching.process.kill('SIGINT');
    expect(await watching.ended).toBe(130);
    const { runs, running } = JSON.parse((await project.pipe(['status', '--json'])).stdout);
    expect(runs[0].outcome).toBe('cancelled');
    expect(running).toEqual([]);
  }, 60_000);

  it('leaves out of a folder what its input leaves out', async () => {
    const project = watchedProject();
    project.write(
      'p.yaml',
      readFileSync(project.path('base.yaml'), 'utf8').replace('./folder', "./folder, exclude: ['*.log']"),
    );
    const watching = new Watching(project);
    await watching.said('Succeeded');
    project.write('folder/a.log', 'nobody reads it');
    project.write('folder/__pycache__/a.pyc', 'nor this');
    project.write('folder/b.txt', 'b\n');
    expect(await watching.said()).toMatch(/^\nfolder\/b\.txt was added: running again\n/);
    watching.process.kill('SIGINT');
    expect(await watching.ended).toBe(130);
  }, 60_000);

  it('notices a pipeline, or one that it extends, that was removed and comes back', async () => {
    const project = watchedProject();
    const watching = new Watching(project);
    await watching.said('Succeeded');
    for (const file of ['p.yaml', 'base.yaml']) {
      const text = readFileSync(project.path(file), 'utf8');
      rmSync(project.path(file));
      expect(await watching.said('there is no file')).toContain(`${file} was removed: running again`);
      project.write(file, text);
      expect(await watching.said('Nothing to do')).toContain(`${file} was added: running again`);
    }
    watching.process.kill('SIGINT');
    expect(await watching.ended).toBe(130);
  }, 60_000);

  it('runs again when the code of an own stage changes, also a module that was missing', async () => {
    const project = watchedProject();
    project.write('p.yaml', 'schema: 1\nname: p\nstages: { own: { uses: ./own.mjs } }\n');
    project.write(
      'own.mjs',
      `import { writeFile } from 'node:fs/promises';
import { word } from './word.mjs';
export default {
  apiVersion: 1,
  summary: 'Writes a word.',
  outputs: { o: { artifact: 'file', description: 'The word.' } },
  run: ({ outputs }) => writeFile(outputs.o, word),
};
`,
    );
    project.write('word.mjs', "export const word = 'one';\n");
    const watching = new Watching(project);
    await watching.said('Succeeded');
    project.write('word.mjs', "export const word = 'two';\n");
    expect(await watching.said('Succeeded')).toContain('word.mjs changed: running again');
    rmSync(project.path('word.mjs'));
    await watching.said('word.mjs was removed: running again');
    project.write('word.mjs', "export const word = 'three';\n");
    expect(await watching.said('Succeeded')).toContain('word.mjs was added: running again');
    watching.process.kill('SIGINT');
    expect(await watching.ended).toBe(130);
  }, 60_000);
});
