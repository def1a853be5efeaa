import { execFileSync, type StdioOptions, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attemptFiles } from '../../src/contract/attempt/attempt-files.ts';
import { SPEC_VERSION, type StageSpec } from '../../src/contract/attempt/spec.ts';

const HOST = join(import.meta.dirname, '../../dist/stage-host.cjs');

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pipe-attempt-'));
  const files = attemptFiles(directory);
  for (const folder of [files.work, files.scratch, files.outputs]) mkdirSync(folder);
  const spec: StageSpec = {
    spec: SPEC_VERSION,
    uses: 'command',
    key: 'key',
    attempt: 'attempt',
    settings: { run: 'echo hello > text', shell: 'bash', outputs: { text: 'text' }, metrics: {} },
    inputs: {},
    collections: {},
    outputs: { text: { artifact: 'file', path: join(files.outputs, 'text') } },
    itemsDirectory: join(directory, 'items'),
    attemptDirectory: directory,
    earlierWorkDirectories: [],
    secrets: [],
    engine: null,
  };
  writeFileSync(files.spec, JSON.stringify(spec));
});
afterEach(() => rmSync(directory, { recursive: true }));

function expectDone(): void {
  const { result, outputs } = attemptFiles(directory);
  expect(JSON.parse(readFileSync(result, 'utf8'))).toMatchObject({ status: 'done' });
  expect(readFileSync(join(outputs, 'text'), 'utf8')).toBe('hello\n');
}

describe('the process of a stage works with any standard input:', () => {
  const command = () => [process.execPath, HOST, attemptFiles(directory).spec] as const;
  const runWith = (stdin: StdioOptions[number]) => {
    const [node, ...args] = command();
    return spawnSync(node, args, { stdio: [stdin, 'inherit', 'inherit'] as StdioOptions }).status;
  };

  it('/dev/null', () => {
    expect(runWith(openSync(devNull, 'r'))).toBe(0);
    expectDone();
  });

  it('a file', () => {
    expect(runWith(openSync(attemptFiles(directory).spec, 'r'))).toBe(0);
    expectDone();
  });

  it('a pipe', () => {
    expect(runWith('pipe')).toBe(0);
    expectDone();
  });

  it('none', () => {
    execFileSync('sh', ['-c', '"$@" <&-', 'sh', ...command()]);
    expectDone();
  });

  it.runIf(process.platform === 'linux')('a terminal', () => {
    const typed = command().join(' ');
    execFileSync('script', ['--quiet', '--return', '--command', `test -t 0 && ${typed}`, '/dev/null']);
    expectDone();
  });
});
