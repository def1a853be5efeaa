import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quotedAs, typedLine } from '../../../src/cli/completion/shell-words.ts';
import { Project } from '../rig.ts';
import { SMALL } from '../small-pipeline.ts';

/** Leaves the names of Node's own modules that were loaded, as the process ends. */
const TELL = `process.once('exit', () => require('node:fs').writeFileSync(process.env.LOADED, process.moduleLoadList.join('\\n')));`;

describe('what a shell is told at Tab', () => {
  let project: Project;
  beforeAll(async () => {
    project = new Project({
      'small.yaml': SMALL,
      'tell.cjs': TELL,
      'wrong.yaml': 'stages: [',
      'line\nfeed.yaml': SMALL,
    });
    expect((await project.pipe(['run', 'small.yaml'])).code).toBe(0);
  });
  afterAll(() => project.remove());

  const offered = async (words: readonly string[], environment: Record<string, string> = {}) => {
    const { code, stdout, stderr } = await project.pipe(['__complete', 'fish', '--', ...words], environment);
    expect([code, stderr]).toEqual([0, '']);
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t')[0]);
  };

  it('comes from the declarations of all verbs', async () => {
    const { stdout } = await project.pipe(['--help']);
    const verbs = [...stdout.matchAll(/^ {2}([a-z-]+)(?= .*[a-z])/gm)].map(([, verb]) => verb);
    expect((await offered([''])).toSorted()).toEqual(
      [...new Set(verbs)].filter((verb) => verb !== 'pipe' && verb !== 'help').sort(),
    );
    const help = (await project.pipe(['run', '--help'])).stdout;
    for (const option of await offered(['run', '--'])) expect(help).toContain(option);
  });

  it('needs no YAML while the pipeline that a run has read is unchanged', async () => {
    const environment = {
      NODE_OPTIONS: `--require ${project.path('tell.cjs')}`,
      LOADED: project.path('loaded'),
    };
    expect(await offered(['run', 'small.yaml', '--set', 'm'], environment)).toEqual(['mark=']);
    const loaded = readFileSync(project.path('loaded'), 'utf8');
    expect(loaded).not.toContain('NativeModule internal/modules/esm/translators');
    expect(await offered(['run', 'small.yaml', '--set', 'mark=x', '--set', 'm'], environment)).toEqual([
      'mark=',
    ]);
    expect(readFileSync(project.path('loaded'), 'utf8')).toContain(
      'NativeModule internal/modules/esm/translators',
    );
  });

  it('is nothing, and no word about it, where the pipeline or the line is wrong', async () => {
    expect(await offered(['run', 'wrong.yaml', '--set', 'm'])).toEqual([]);
    expect(await offered(['run', 'missing.yaml', '--only', ''])).toEqual([]);
    expect(await offered(['rum', 'small.yaml', ''])).toEqual([]);
    expect(await offered(['doctor', ''])).toEqual([]);
    expect(await offered(['show', 'la', '--artifacts', '/nowhere'])).toEqual([]);
  });

  it('holds no name with a line feed, which nobody can type', async () => {
    expect(await offered(['run', 'l'])).toEqual([]);
  });

  it('knows the options that were given: another folder of artifacts, swept parameters', async () => {
    const stages = ['run', 'small.yaml', '--sweep', 'mark=1,2', '--only', 'shout'];
    expect(await offered(stages)).toEqual(['shout', 'shout@mark=1', 'shout@mark=2']);
    expect(await offered(['run', 'small.yaml', '--only=cou'])).toEqual(['--only=count']);
    expect(await offered(['runs', '--artifacts', 'elsewhere', 'sm'])).toEqual(['small.yaml']);
    expect(await offered(['show', '--artifacts', 'elsewhere', ''])).toEqual([]);
    expect(await offered(['show', 'la'])).toEqual(['last']);
  });
});

describe('a line of a shell', () => {
  it.each([
    ['pipe run ', ['pipe', 'run'], ''],
    ['pipe  run it\\\'s "a b', ['pipe', 'run', "it's"], 'a b'],
    [`pipe 'a"b' "c\\"d" e\\ f`, ['pipe', 'a"b', 'c"d'], 'e f'],
    ['pipe "" x', ['pipe', ''], 'x'],
    ['pipe $(x) `y', ['pipe', '$(x)'], '`y'],
    ['pipe a\\', ['pipe'], 'a'],
  ])('%s', (line, words, current) => {
    expect(typedLine(line)).toMatchObject({ words, current });
  });

  it('gives back every word that was quoted for it', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/\p{Cc}/u.test(text));
    fc.assert(
      fc.property(word, fc.constantFrom('', '"', "'"), (text, quote) => {
        const typed = `${quote}${quotedAs(quote, text)}`;
        expect(typedLine(`pipe ${typed}`).current).toBe(text);
        expect(typedLine(`pipe ${typed}${quote} x`)).toMatchObject({ words: ['pipe', text], current: 'x' });
      }),
    );
  });
});
