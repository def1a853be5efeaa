import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outcomes, Project } from './rig.ts';

const STAGE = `import { readFile, writeFile } from 'node:fs/promises';
import { defineStage, StageError } from '@pipe-ml/pipe/stage';
import { words } from './lib/words.ts';
import stop from './stop.json' with { type: 'json' };

export default defineStage({
  apiVersion: 1,
  summary: 'Counts words.',
  settings: {
    least: { type: 'integer', minimum: 1, default: 2, description: 'Length of the shortest word.' },
    most: { type: 'integer', default: 20 },
    label: { type: 'string', optional: true },
    pause: { type: 'number', default: 0, affects: 'execution' },
  },
  inputs: { text: { artifact: 'file', description: 'Any text.' } },
  outputs: { count: { artifact: 'file', description: 'How many words.' } },
  metrics: { share: { unit: 'of 1', better: 'higher' } },
  checks: [{ setting: 'least', is: '<', other: 'most', hint: 'Lower \`least\`.' }],
  async run({ settings, inputs, outputs, progress, metric, warn, log }) {
    const all = words(await readFile(inputs.text!.path, 'utf8'));
    const kept = all.filter((word) => word.length >= settings.least && !stop.includes(word));
    progress({ done: kept.length, total: all.length, unit: 'words' });
    log(\`label \${settings.label ?? 'none'}\`);
    if (kept.length === 0) throw new StageError('no word is left', { hint: 'Lower \`least\`.' });
    all.forEach((word, item) => metric('share', kept.includes(word) ? 1 : 0, item));
    if (kept.length < all.length) warn(\`\${all.length - kept.length} words were left out\`);
    await writeFile(outputs.count!, \`\${kept.length}\\n\`);
  },
});
`;
const WORDS = `import { blank } from './blank.ts';
export const words = (text: string): string[] => text.split(blank).filter((word) => word !== '');
`;
const PIPELINE = `schema: 1
name: own
stages:
  count:
    uses: ./stages/count.ts
    inputs: { text: { file: ./text.txt } }
    with: { least: 3 }
`;
const FILES = {
  'own.yaml': PIPELINE,
  'text.txt': 'the cat sat on a mat',
  'stages/count.ts': STAGE,
  'stages/lib/words.ts': WORDS,
  'stages/lib/blank.ts': 'export const blank = /\\s+/;\n',
  'stages/stop.json': '["the"]\n',
};

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A stage that only has to be loaded. */
const SMALL = `import { defineStage } from '@pipe-ml/pipe/stage';
import { writeFileSync } from 'node:fs';
export default defineStage({
  apiVersion: 1,
  outputs: { a: { artifact: 'file', description: 'A.' } },
  run: ({ outputs }) => writeFileSync(outputs.a!, 'a'),
});
`;

let project: Project;
beforeEach(() => {
  project = new Project(FILES);
});
afterEach(() => project.remove());

const outcome = async (...args: string[]) => {
  const { events, stderr } = await project.run(['own.yaml', ...args]);
  expect(stderr).not.toContain('internal error');
  return outcomes(events).count;
};

/** What is said of a pipeline of which only the stage's file is another one. */
async function refusal(stage: string, path = 'stages/count.ts') {
  project.write(path, stage);
  project.write('own.yaml', 'schema: 1\nname: own\nstages:\n  count:\n    uses: ./stages/count.ts\n');
  const { code, stderr } = await project.pipe(['validate', 'own.yaml']);
  return { code, stderr };
}

describe('a stage of one’s own', () => {
  it('shows its progress, is cached, and a hit shows its warnings and metrics', async () => {
    const first = await project.run(['own.yaml']);
    expect(outcomes(first.events)).toEqual({ count: 'ran' });
    expect(first.events.find(({ type }) => type === 'stage-progress')).toMatchObject({
      done: 3,
      total: 6,
      unit: 'words',
    });
    const again = await project.pipe(['run', 'own.yaml']);
    expect(again.stdout).toContain('Nothing to do');
    expect(again.stdout).toContain('3 words were left out');
    expect(again.stdout).toContain('share 0.5');
    expect((await project.pipe(['cat', 'own.yaml', 'count.count'])).stdout).toBe('3\n');
  });

  it('has metrics that compare reads, of variants and of a run whose code is gone', async () => {
    const swept = PIPELINE.replace('stages:', 'params: { least: 3 }\nsweep: { least: [1, 4] }\nstages:');
    project.write('own.yaml', swept.replace('with: { least: 3 }', 'with: { least: "${params.least}" }'));
    project.write(
      'text.txt',
      Array.from({ length: 60 }, (_, index) => (index % 2 ? 'house' : 'cat')).join(' '),
    );
    expect((await project.pipe(['run', 'own.yaml'])).code).toBe(0);
    expect((await project.pipe(['compare', 'own.yaml'])).stdout).toMatch(/^1 .*best/m);
    rmSync(project.path('stages'), { recursive: true });
    const { stdout } = await project.pipe(['compare', 'last', '--format', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({
      metric: 'count.share',
      metrics: [{ unit: 'of 1', better: 'higher' }],
    });
  });

  it('runs again when what it imports changes, and only then', async () => {
    expect(await outcome()).toBe('ran');
    const same: Record<string, string> = {
      'stages/count.ts': `// a comment\n${STAGE.replace('  async run', '\n\n  async run')}`,
      'stages/lib/words.ts': WORDS.replace('): string[]', '): Array<string>'), // types are no code
      'stages/README.md': 'not imported',
      'tsconfig.json': '{ "compilerOptions": { "target": "es5" } }',
    };
    for (const [path, text] of Object.entries(same)) {
      project.write(path, text);
      expect([path, await outcome()]).toEqual([path, 'hit']);
    }
    const other: Record<string, string> = {
      'stages/lib/blank.ts': 'export const blank = /[ \\n]+/;\n',
      'stages/stop.json': '["the", "a"]\n',
      'stages/lib/words.ts': WORDS.replace("!== ''", '.length > 0'),
      'stages/count.ts': STAGE.replace('words were', 'words are'),
    };
    for (const [path, text] of Object.entries(other)) {
      project.write(path, text);
      expect([path, await outcome()]).toEqual([path, 'ran']);
    }
    for (const [path, text] of Object.entries(FILES)) project.write(path, text);
    expect(await outcome()).toBe('hit'); // as it was before
  });

  it('is the same stage in another place and under another name', async () => {
    expect(await outcome()).toBe('ran');
    renameSync(project.path('stages'), project.path('elsewhere'));
    renameSync(project.path('elsewhere/count.ts'), project.path('elsewhere/number.ts'));
    project.write('own.yaml', PIPELINE.replace('./stages/count.ts', './elsewhere/number.ts'));
    expect(await outcome()).toBe('hit');
  });

  it('says that its code is what changed', async () => {
    await outcome();
    project.write('stages/stop.json', '[]');
    expect((await project.pipe(['plan', 'own.yaml'])).stdout).toContain(
      'the code of the stage, or a package that it imports, changed',
    );
  });

  it('runs again when a package that it imports does, or one that this needs, and for no other', async () => {
    const installed = (name: string, version: string, text: string) => {
      project.write(`node_modules/${name}/package.json`, JSON.stringify({ name, version, main: 'index.js' }));
      project.write(`node_modules/${name}/index.js`, text);
      project.write('node_modules/.package-lock.json', `${name} ${version}`); // npm writes it with each installation
    };
    const lock = (versions: Record<string, string>) => {
      const needs: Record<string, object> = { plural: { dependencies: { ending: '*' } } };
      const packages = Object.entries(versions).map(([name, version]) => [
        `node_modules/${name}`,
        { version, integrity: `sha512-${name}${version}`, ...needs[name] },
      ]);
      project.write(
        'package-lock.json',
        JSON.stringify({ lockfileVersion: 3, packages: Object.fromEntries([['', {}], ...packages]) }),
      );
    };
    installed('plural', '1', "module.exports = require('ending');");
    installed('ending', '1', "exports.s = 's';");
    project.write(
      'stages/lib/blank.ts',
      "import { s } from 'plural';\nexport const blank = new RegExp(`\\\\${s}+`);\n",
    );
    lock({ plural: '1', ending: '1', other: '1' });
    expect(await outcome()).toBe('ran');
    lock({ plural: '1', ending: '1', other: '2' });
    expect(await outcome()).toBe('hit');
    lock({ plural: '1', ending: '2', other: '2' });
    const { code, stderr } = await project.pipe(['run', 'own.yaml']);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('node_modules/ending is installed in version 1, and the lock file says 2'),
    ]);
    installed('ending', '2', "exports.s = 's';");
    expect(await outcome()).toBe('ran');
    installed('ending', '3', "exports.s = 's';");
    expect((await project.pipe(['run', 'own.yaml'])).stderr).toContain('is installed in version 3');
    installed('ending', '2', "exports.s = 's';");
    expect(await outcome()).toBe('hit');
    lock({ ending: '2' });
    expect((await project.pipe(['validate', 'own.yaml'])).stderr).toContain(
      'the package plural is not in package-lock.json',
    );
    rmSync(project.path('package-lock.json'));
    expect((await project.pipe(['validate', 'own.yaml'])).stderr).toContain('there is no lock file');
    rmSync(project.path('node_modules/plural'), { recursive: true });
    symlinkSync(project.path('stages'), project.path('node_modules/plural'));
    expect((await project.pipe(['validate', 'own.yaml'])).stderr).toContain(
      'the package plural is a link to a folder',
    );
    rmSync(project.path('node_modules/plural'));
    expect((await project.pipe(['validate', 'own.yaml'])).stderr).toContain('npm install plural');
  });

  it('finds its packages from its own folder, wherever the artifacts are', async () => {
    project.write(
      'node_modules/plural/package.json',
      '{ "name": "plural", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
    );
    project.write('node_modules/plural/index.js', 'export const s = "s";');
    project.write(
      'package-lock.json',
      JSON.stringify({ lockfileVersion: 3, packages: { 'node_modules/plural': { version: '1.0.0' } } }),
    );
    project.write(
      'stages/lib/blank.ts',
      "import { s } from 'plural';\nexport const blank = new RegExp(`\\\\${s}+`);\n",
    );
    const elsewhere = new Project();
    const { code, stderr, stdout } = await project.pipe([
      'run',
      'own.yaml',
      '--artifacts',
      elsewhere.path('artifacts'),
    ]);
    elsewhere.remove();
    expect(code, stdout + stderr).toBe(0);
  });

  it('is found behind a symbolic link and outside of the project, with what it imports', async () => {
    const other = new Project({
      'deep/count.ts': STAGE,
      'deep/lib/words.ts': WORDS,
      'deep/lib/blank.ts': FILES['stages/lib/blank.ts'],
      'deep/stop.json': '["the"]',
    });
    rmSync(project.path('stages'), { recursive: true });
    mkdirSync(project.path('stages'));
    symlinkSync(other.path('deep/count.ts'), project.path('stages/count.ts'));
    expect(await outcome()).toBe('ran');
    project.write('own.yaml', PIPELINE.replace('./stages/count.ts', other.path('deep/count.ts')));
    expect(await outcome()).toBe('hit');
    // A link that leads elsewhere is another file.
    project.write('own.yaml', PIPELINE);
    other.write('deep/other.ts', STAGE.replace('words were', 'words are'));
    expect(await outcome()).toBe('hit');
    rmSync(project.path('stages/count.ts'));
    symlinkSync(other.path('deep/other.ts'), project.path('stages/count.ts'));
    expect(await outcome()).toBe('ran');
    other.remove();
  });

  it.each([
    ['least: 0', '7:20', '`least` must be at least 1, not 0'],
    ['lest: 3', '7:13', 'unknown key `lest`'],
    ['least: three', '7:20', '`least` must be a whole number'],
    ['least: 9, most: 4', '7:20', '`least` is 9, and must be less than `most`, 4'],
  ])('with the setting %s is refused at %s: %s', async (setting, place, message) => {
    project.write('own.yaml', PIPELINE.replace('least: 3', setting));
    const { code, stderr } = await project.pipe(['validate', 'own.yaml']);
    expect(code).toBe(2);
    expect(stderr).toContain(`own.yaml:${place}`);
    expect(stderr).toContain(message);
  });

  it('whose input is missing or whose output is misspelt is refused as a built-in one', async () => {
    project.write(
      'own.yaml',
      `${PIPELINE.replace(/ {4}inputs.*\n/, '')}  after:\n    uses: command\n    inputs: { n: count.cuont }\n    with: { run: 'true', outputs: { a: a } }\n`,
    );
    const { stderr } = await project.pipe(['validate', 'own.yaml']);
    expect(stderr).toContain('did you mean `count`?');
    expect(stderr).toContain('`text`');
  });

  it.each<[string, string, string[]]>([
    [
      'a syntax error',
      SMALL.replace('apiVersion: 1,', 'apiVersion: 1 1,'),
      ['stages/count.ts:4:17', 'Expected "}" but found "1"', 'own.yaml:5:11'],
    ],
    [
      'an import of nothing',
      `import './lib/word.ts';\n${SMALL}`,
      ['stages/count.ts:1:8', './lib/word.ts does not exist'],
    ],
    [
      'an import without its ending',
      `import './lib/words';\n${SMALL}`,
      ['write the whole name: ./lib/words.ts'],
    ],
    [
      'an import of a file that is no code',
      `import '../text.txt';\n${SMALL}`,
      ['../text.txt cannot be imported'],
    ],
    [
      'files next to its code',
      `${SMALL}\nconsole.log(import.meta.url);`,
      ['`import.meta` is not there in a stage', 'stages/count.ts:9'],
    ],
    [
      'an import by a name that it computes',
      `${SMALL}\nexport const words = (name: string) => import(\`./lib/${'${name}'}.ts\`);`,
      ['stages/lib/', 'is imported by a name that the code computes'],
    ],
    [
      'an import by a name that nobody can know',
      `${SMALL}\nconst name = ['.', 'stop.json'].join('/');\nrequire(name);`,
      ['The stage imports ./stop.json by a name that it computes'],
    ],
    ['await at its top', `${SMALL}\nawait null;`, ['move it into `run`']],
    ['no export', 'export const stage = 1;', ['has no default export that is a stage']],
    ['no apiVersion', SMALL.replace('apiVersion: 1,', ''), ['has no `apiVersion`']],
    [
      'another apiVersion',
      SMALL.replace('apiVersion: 1,', 'apiVersion: 2 as never,'),
      ['has the apiVersion 2', '`apiVersion: 1`'],
    ],
    [
      'no run',
      'export default { apiVersion: 1, outputs: { a: { artifact: "file" } } };',
      ['has no function `run`'],
    ],
    ['an unknown key', SMALL.replace('outputs:', 'output:'), ['has the unknown key `output`']],
    ['no outputs', SMALL.replace(/outputs: .*,\n/, ''), ['gives nothing']],
    ['an output that is a path', SMALL.replace('{ a: {', '{ "../a": {'), ['"../a", which cannot be a name']],
    [
      'an output named as an own property of all objects',
      SMALL.replace('{ a: {', '{ ["__proto__"]: {'),
      ['"__proto__", which cannot be a name'],
    ],
    [
      'a default that does not fit',
      SMALL.replace('outputs:', "settings: { n: { type: 'integer', default: 'three' } },\n  outputs:"),
      ['The default of the setting `n` does not fit'],
    ],
    [
      'a default that is no data',
      SMALL.replace('outputs:', 'settings: { n: { default: () => 1 } },\n  outputs:'),
      ['`settings.n.default` holds a function'],
    ],
    [
      'a default that is no number',
      SMALL.replace('outputs:', 'settings: { n: { default: NaN } },\n  outputs:'),
      ['`settings.n.default` holds NaN'],
    ],
    [
      'a default that goes in a circle',
      `const circle: unknown[] = [];\ncircle.push(circle);\n${SMALL.replace('outputs:', 'settings: { n: { default: circle } },\n  outputs:')}`,
      ['in a circle'],
    ],
    [
      'a schema that is none',
      SMALL.replace('outputs:', "settings: { n: { type: 'int' as never } },\n  outputs:"),
      ['The schema `settings:./stages/count.ts` is wrong'],
    ],
    [
      'a rule about nothing',
      SMALL.replace('outputs:', "checks: [{ setting: 'a', is: '<', other: 'b' }],\n  outputs:"),
      ['`checks[0]` is no rule about settings'],
    ],
    [
      'an error as it is loaded',
      `${SMALL}\nthrow new TypeError('broken');`,
      ['cannot be loaded: TypeError: broken'],
    ],
    [
      'an end as it is loaded',
      `${SMALL}\nconsole.log('bye');\nprocess.exit(0);`,
      ['exited with code 0', 'bye'],
    ],
    [
      'its own death as it is loaded',
      `${SMALL}\nprocess.kill(process.pid, 'SIGKILL');`,
      ['was ended by SIGKILL'],
    ],
  ])('with %s is refused in words', async (_, stage, words) => {
    const { code, stderr } = await refusal(stage);
    expect(code).toBe(2);
    for (const text of words) expect(stderr).toContain(text);
    expect(stderr).not.toContain('internal error');
  });

  it('may print and leave timers as it is loaded, and is ended with what it started', async () => {
    const noisy = `import { spawn } from 'node:child_process';\nconsole.log('loaded');\nsetInterval(() => {}, 1000);\nspawn('sleep', ['600'], { stdio: 'ignore' });\n${SMALL}`;
    const { code, stderr } = await refusal(noisy);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('that never ends being loaded is refused', async () => {
    expect((await refusal(`${SMALL}\nfor (;;);`)).stderr).toContain('still being loaded after 20 s');
  }, 60_000);

  it.each([
    ['a path that is nowhere', './stages/cuont.ts', ['there is no file', 'own.yaml:5:11']],
    ['a folder', './stages', ['is a folder, not a stage']],
    ['a device', '/dev/null', ['/dev/null is no regular file, not a stage', 'own.yaml:5:11']],
    ['a path through a file', './text.txt/count.ts', ['there is no file', 'own.yaml:5:11']],
    ['a name that is too long', `./${'a'.repeat(5000)}.ts`, ['there is no file', 'own.yaml:5:11']],
    ['a name with a zero byte', '"./count.ts\\0"', ['there is no file', 'own.yaml:5:11']],
    ['a file of another kind', './text.txt', ['is no stage', 'run by the stage type `command`']],
    ['a path without ./', 'stages/count.ts', ['uses: ./stages/count.ts']],
  ])('under %s is refused', async (_, uses, words) => {
    project.write('own.yaml', PIPELINE.replace('./stages/count.ts', uses));
    const { stderr } = await project.pipe(['validate', 'own.yaml']);
    for (const text of words) expect(stderr).toContain(text);
  });

  it.each([
    [
      'throws an error of its own',
      "throw new StageError('no luck', { hint: 'Try again.' })",
      ['no luck', 'Try again.'],
    ],
    ['has a fault', 'null!.x', ['The stage threw TypeError', 'stages/count.ts:20:']],
    [
      'has a fault that Node reports',
      "new URL('nowhere')",
      ['The stage threw TypeError: Invalid URL', 'stages/count.ts:20:'],
    ],
    ['ends the process', 'process.exit(0)', ['exited with code 0 and left no result']],
    ['leaves an output out', 'return', ['ended without writing its output']],
    ['measures no number', "metric('share', NaN, 1)", ['the metric `share` is NaN']],
  ])('that %s fails with words', async (_, code, words) => {
    project.write(
      'stages/count.ts',
      STAGE.replace('    const all =', `    ${code};\n    const all =`).replace(
        "metrics: { share: { unit: 'of 1', better: 'higher' } },",
        words[0]!.startsWith('ended') ? '' : "metrics: { share: { unit: 'of 1', better: 'higher' } },",
      ),
    );
    const { code: exit, stdout, stderr } = await project.pipe(['run', 'own.yaml']);
    expect(exit).toBe(1);
    for (const text of words) expect(stdout + stderr).toContain(text);
    expect(stdout + stderr).not.toContain('fault in pipe');
  });

  it('sees only what is declared of the environment, and its inputs are copies', async () => {
    project.write(
      'stages/count.ts',
      SMALL.replace("'a')", 'JSON.stringify(Object.keys(process.env).sort()))'),
    );
    project.write(
      'own.yaml',
      'schema: 1\nname: own\nstages:\n  count:\n    uses: ./stages/count.ts\n    env: [GREETING]\n',
    );
    await project.pipe(['run', 'own.yaml'], { GREETING: 'hello', OTHER: 'x' });
    const names = JSON.parse(
      (await project.pipe(['cat', 'own.yaml', 'count.a'], { GREETING: 'hello' })).stdout,
    );
    expect(names).toContain('GREETING');
    expect(names).not.toContain('OTHER');
  });

  it('can stand in several pipelines and variants at once, with what is known of it lost, damaged or made twice', async () => {
    const ends = await Promise.all(Array.from({ length: 4 }, () => project.run(['own.yaml'])));
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const folder = project.path('artifacts/cache/own-stages');
    for (const name of readdirSync(folder))
      project.write(join('artifacts/cache/own-stages', name), 'damaged');
    expect(await outcome()).toBe('hit');
    project.write('text.txt', 'other words');
    expect(await outcome()).toBe('ran');
    rmSync(folder, { recursive: true });
    project.write('text.txt', 'further words');
    expect(await outcome()).toBe('ran');
  });

  it('that is being looked at when pipe is killed is looked at again', async () => {
    project.write(
      'stages/count.ts',
      `import { writeFileSync, existsSync } from 'node:fs';\nif (!existsSync(${JSON.stringify(project.path('go'))})) { writeFileSync(${JSON.stringify(project.path('begun'))}, String(process.pid)); for (;;); }\n${STAGE}`,
    );
    const child = project.start(['run', 'own.yaml']);
    while (!existsSync(project.path('begun'))) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
    project.write('go', '');
    expect(await outcome()).toBe('ran');
    const pid = Number(readFileSync(project.path('begun'), 'utf8'));
    await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
  });
});
