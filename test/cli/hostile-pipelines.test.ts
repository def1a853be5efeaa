import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Project } from './rig.ts';

/* Pipeline files that are large, deep, endless or no text: each gets an answer in bounded time and memory. */

const HEAD = 'schema: 1\nname: hostile\n';
const STAGE = 'stages:\n  a: { uses: command, with: { run: "echo a > o", outputs: { o: o } } }\n';
const command = (run: string) =>
  `${HEAD}stages:\n  a:\n    uses: command\n    with: { run: ${run}, outputs: { o: o } }\n`;
const unknown = Array.from({ length: 3000 }, (_, n) => `\${params.unknown_${n}}`).join(' ');
const deepMaps = Array.from({ length: 2500 }, (_, n) => `${' '.repeat(n)}k:`).join('\n');

const HOSTILE: Readonly<Record<string, readonly [text: string | Uint8Array, message: RegExp]>> = {
  'a wrong line of 3 MB': [`${HEAD}${STAGE}wrong: ${'x y '.repeat(750_000)}\n`, /unknown key `wrong`/],
  'a stage type of 1 MB': [`${HEAD}stages: { a: { uses: ${'u'.repeat(1e6)} } }\n`, /no stage type `u+…u+`/],
  'an input name of 1 MB': [
    `${HEAD}stages:\n  a:\n    uses: command\n    inputs:\n      ? ${'i'.repeat(1e6)}\n      : b.o\n    with: { run: x, outputs: { o: o } }\n`,
    /cannot be a name in `inputs`/,
  ],
  'a template opened 200,000 times': [command(`"${'${'.repeat(200_000)}"`), /nested too deeply/],
  '100,000 brackets': [`${HEAD}params: { a: ${'['.repeat(100_000)}\n`, /nested too deeply/],
  '3000 unknown parameters': [command(`"${unknown}"`), /980 more errors/],
  '2500 nested maps': [`${HEAD}params:\n${deepMaps}\n`, /nested/],
  '20 MB of YAML': [`${HEAD}${STAGE}# ${'c'.repeat(2e7)}\n`, /is larger than 4 MiB/],
  'Latin-1': [Buffer.from(command('"echo caf\xe9 > o"'), 'latin1'), /not UTF-8: byte 0xE9 in line 6/],
  'UTF-16': [Buffer.from(`\ufeff${HEAD}${STAGE}`, 'utf16le'), /is UTF-16; save it as UTF-8/],
  'UTF-16 without a mark': [Buffer.from(`${HEAD}${STAGE}`, 'utf16le'), /is UTF-16; save it as UTF-8/],
  'a NUL byte': [`${HEAD}${STAGE}# \0\n`, /holds a NUL byte in line 5/],
};

describe('pipe', () => {
  const project = new Project();
  afterAll(() => project.remove());
  const memory = { NODE_OPTIONS: '--max-old-space-size=300' };

  it.each(Object.entries(HOSTILE))('refuses %s', { timeout: 60_000 }, async (_, [text, message]) => {
    project.write('p.yaml', text);
    for (const verb of ['validate', 'run']) {
      const started = performance.now();
      const { code, stdout, stderr } = await project.pipe([verb, 'p.yaml'], memory);
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/internal error|\n {4}at /);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr.length).toBeLessThan(50_000);
      expect(performance.now() - started).toBeLessThan(10_000);
    }
    expect(existsSync(project.path('artifacts', 'cache', 'pipelines'))).toBe(false);
  });

  it('refuses a file without an end, and a fifo without a writer', { timeout: 60_000 }, async () => {
    execFileSync('mkfifo', [project.path('fifo')]);
    expect((await project.pipe(['validate', '/dev/zero'], memory)).stderr).toMatch(/larger than 4 MiB/);
    expect((await project.pipe(['validate', 'fifo'], memory)).stderr).toMatch(/the file is empty/);
  });

  it('says how to read standard input, and where a dangling link leads', async () => {
    expect((await project.pipe(['validate', '-'])).stderr).toMatch(/\/dev\/stdin/);
    symlinkSync('gone.txt', project.path('current.txt'));
    project.write(
      'l.yaml',
      command('"x"').replace('    with:', '    inputs: { d: { file: ./current.txt } }\n    with:'),
    );
    const { stderr } = await project.pipe(['validate', 'l.yaml']);
    expect(stderr).toMatch(/current\.txt is a symbolic link to gone\.txt, which does not exist/);
  });

  it('runs variants whose names fit no file, and gives their outputs to a command', {
    timeout: 60_000,
  }, async () => {
    const values = ['x'.repeat(300), '数'.repeat(120), 'y'.repeat(5000)];
    project.write(
      'sweep.yaml',
      `${HEAD}params: { v: a }\nsweep: { v: ${JSON.stringify(values)} }\nstages:
  make: { uses: command, with: { run: "echo \${params.v} | wc -c > o", outputs: { o: o } } }
  all:
    uses: command
    inputs: { constructor: { each: make.o }, __proto__: { each: make.o } }
    with: { run: "cat inputs/__proto__/* | sort -n > o", outputs: { o: o } }\n`,
    );
    const { code, stderr } = await project.pipe(['run', 'sweep.yaml', '--reporter', 'plain']);
    expect([code, stderr]).toEqual([0, '']);
    const { stdout } = await project.pipe(['cat', 'sweep.yaml', 'all.o']);
    expect(stdout.split('\n').map((line) => line.trim())).toEqual(['301', '361', '5001', '']);
    for (const name of readdirSync(project.path('artifacts', 'runs'))) {
      for (const log of readdirSync(join(project.path('artifacts', 'runs'), name, 'logs')))
        expect(Buffer.byteLength(log)).toBeLessThanOrEqual(255);
    }
  });

  it('runs a stage again when an input called __proto__ has changed', async () => {
    project.write('data.txt', 'one');
    project.write(
      'proto.yaml',
      `${HEAD}stages:\n  b:\n    uses: command\n    inputs: { __proto__: { file: ./data.txt } }\n    with: { run: "cat inputs/__proto__ > o", outputs: { o: o } }\n`,
    );
    for (const text of ['one', 'another']) {
      project.write('data.txt', text);
      expect((await project.pipe(['run', 'proto.yaml'])).code).toBe(0);
      expect((await project.pipe(['cat', 'proto.yaml', 'b.o'])).stdout).toBe(text);
    }
  });

  it('names a variable that is not set, whatever objects have by that name', async () => {
    project.write('env.yaml', command('"x"').replace('    with:', '    env: [constructor]\n    with:'));
    const { code, stderr, stdout } = await project.pipe(['run', 'env.yaml']);
    expect(stderr + stdout).toMatch(/variable constructor is not set/);
    expect(code).not.toBe(0);
  });
});
