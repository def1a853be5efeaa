import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Project } from './rig.ts';

/* Passwords in URLs, however they are spelled and wherever they stand: the real binary shows and stores none. */

const PASSWORD = 'hunter2';

/** As texts of YAML in double quotes. */
const SPELLINGS: Readonly<Record<string, string>> = {
  'as it should be': `https://u:${PASSWORD}@h/x`,
  backslashes: `http:\\\\\\\\u:${PASSWORD}@h`,
  'no slashes': `http:u:${PASSWORD}@h`,
  'one slash': `http:/u:${PASSWORD}@h`,
  'no scheme': `//u:${PASSWORD}@h`,
  'upper case': `HTTP://u:${PASSWORD}@h`,
  'a tab inside': `ht\\ttp://u:${PASSWORD}@h`,
  'a line break inside': `http:/\\n/u:${PASSWORD}@h`,
  'an encoded colon': `http://u%3A${PASSWORD}@h`,
  'an encoded slash': `http:%2F%2Fu:${PASSWORD}@h`,
  'an escape of YAML': `http:\\u002f\\x2fu:${PASSWORD}@h`,
  'an escaped @': `https://u:${PASSWORD}\\x40h`,
  'a quote in it': `https://u:\\"${PASSWORD}@h`,
  'a slash in it': `http://u:${PASSWORD}/x@h`,
  'spaces in it': `http://u:a ${PASSWORD} b@h`,
  'a token': `https://${PASSWORD}@h/x`,
  'another scheme': `postgres://u:${PASSWORD}@h/db`,
  'a parameter': `https://h/x?api_key=${PASSWORD}&b=1`,
  'a wrong port': `http://u:${PASSWORD}@h:99999`,
};

const STAGE = 'uses: command, with: { run: "echo a > o", outputs: { o: o } }';
const HEAD = `schema: 1\nname: urls\nstages:\n  a: { ${STAGE} }\n`;
const judge = (url: string) =>
  `  b: { uses: judge, inputs: { responses: { file: ./r.json } }, with: { judge: { kind: ollama, model: m, url: ${url} } } }\n`;

/** Where a URL may stand: the file, and its `--set`. */
const PLACES: Readonly<Record<string, (url: string) => readonly [text: string, set?: string]>> = {
  'a setting': (url) => [`${HEAD}${judge(url)}`],
  'another setting': (url) => [`${HEAD}  b: { uses: download, with: { url: ${url} } }\n`],
  'a command': (url) => [HEAD.replace('"echo a > o"', url)],
  'a parameter': (url) => [`${HEAD}params: { url: ${url} }\n`],
  'a sweep': (url) => [`${HEAD}params: { url: x }\nsweep: { url: [${url}, y] }\n`],
  '--set': (url) => [`${HEAD}params: { url: x }\n`, `url=${url}`],
  'a wrong --set': (url) => [HEAD, `nothing=${url}`],
  'a --set of the wrong form': (url) => [HEAD, `..=${parse(url)}`],
  'a --set with a mistake in its YAML': (url) => [`${HEAD}params: { url: x }\n`, `url=${url} : [`],
  'a line with a mistake in its YAML': (url) => [`${HEAD}x-a: [${url} : ]]\n`],
  'a text that is not closed': (url) => [`${HEAD}x-a: ${url.slice(0, -1)}\n`],
  extends: (url) => [`extends: ${url}\n`],
  'an unknown key': (url) => [`${HEAD}unknown: ${url}\n`],
  'a key': (url) => [`${HEAD}params: { ${url}: 1 }\n`],
  'a stage type': (url) => [`${HEAD}  b: { uses: ${url} }\n`],
  'a file': (url) => [HEAD.replace(STAGE, `inputs: { i: { file: ${url} } }, ${STAGE}`)],
  'a name': (url) => [HEAD.replace('urls', url)],
  'a description': (url) => [`${HEAD}description: ${url}\n`],
};

describe.each(Object.entries(PLACES))('a password in a URL in %s', (place, fileOf) => {
  const project = new Project({ 'r.json': '[]' });
  afterAll(() => project.remove());

  it('occurs nowhere', { timeout: 120_000 }, async () => {
    // Each run of the binary takes time: every place gets some of the spellings, every spelling some of the places.
    const offset = Object.keys(PLACES).indexOf(place);
    const some = Object.entries(SPELLINGS).filter((_, index) => (index + offset) % 4 === 0);
    for (const [spelling, url] of some) {
      const [text, set] = fileOf(`"${url}"`);
      project.write('p.yaml', text);
      const args = ['run', 'p.yaml', ...(set === undefined ? [] : ['--set', set])];
      const { code, stdout, stderr } = await project.pipe(args);
      expect(`${spelling}: ${stdout}${stderr}`).not.toContain(PASSWORD);
      expect(code, `${spelling}: ${stderr}`).toBe(2);
      for (const file of filesBelow(project.path('artifacts')))
        expect(`${spelling}: ${file} ${readFileSync(file, 'latin1')}`).not.toContain(PASSWORD);
    }
  });
});

function filesBelow(folder: string): readonly string[] {
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const names = isFolder ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  return names.map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
}

describe('a password in a URL in the place of a file', () => {
  const project = new Project();
  afterAll(() => project.remove());
  const VERBS = {
    run: [],
    plan: [],
    validate: ['other.yaml'],
    graph: [],
    status: [],
    cat: ['a.o'],
    get: ['a.o', 'copy'],
  };
  const ADDRESSES = [
    `https://u:${PASSWORD}@h/x.yaml`,
    `//u:${PASSWORD}@h`,
    `postgres://u:${PASSWORD}@h/x`,
    `https://${PASSWORD}@h/x.yaml`,
    `https://h/x.yaml?token=${PASSWORD}`,
  ];

  it.each(Object.entries(VERBS))('is not shown by %s', async (verb, more) => {
    for (const address of ADDRESSES) {
      const { code, stdout, stderr } = await project.pipe([verb, address, ...more]);
      expect(stdout + stderr).not.toContain(PASSWORD);
      expect(stderr).toMatch(/^error: .*•••.* is not a file\n {2}.*download/);
      expect(code).toBe(2);
    }
  });

  it.each([
    ['a verb', [`https://u:${PASSWORD}@h/x.yaml`]],
    ['an output', ['cat', 'p.yaml', `https://u:${PASSWORD}@h/x.yaml`]],
    ['an option', ['run', 'p.yaml', '--jobs', `https://u:${PASSWORD}@h/x.yaml`]],
    ['the artifacts', ['run', 'p.yaml', '--artifacts', `/dev/null/https://u:${PASSWORD}@h/x.yaml`]],
  ])('nor in the place of %s', async (_, args) => {
    project.write('p.yaml', HEAD);
    const { code, stdout, stderr } = await project.pipe(args);
    expect(stderr).toContain('•••');
    expect(stdout + stderr).not.toContain(PASSWORD);
    expect(code).not.toBe(0);
  });

  it('of a file that exists is a name like any other', async () => {
    project.write(`http:/u:${PASSWORD}@h/x.yaml`, HEAD);
    expect((await project.pipe(['graph', `http:/u:${PASSWORD}@h/x.yaml`])).code).toBe(0);
  });
});
