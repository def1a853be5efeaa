import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JOB_EXIT, jobScriptHead, preventStart, quoted } from '../../../src/runner/executor/job-script.ts';

let folder: string;
let attempt: string;
let log: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pipe-it's a job-"));
  attempt = join(folder, 'work', 'key', 'attempt');
  log = join(folder, 'log');
  mkdirSync(attempt, { recursive: true });
  writeFileSync(join(folder, 'host.cjs'), 'console.log("works on", process.argv[2], process.cwd());');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function run({
  host = 'host.cjs',
  node = process.execPath,
  setup = undefined as string | undefined,
} = {}) {
  const head = jobScriptHead({ node, host: join(folder, host), setup });
  const script = `${head}\nattempt ${quoted(attempt)} ${quoted(log)}\n`;
  return (await execa('bash', { input: script, reject: false })).exitCode;
}

describe('the script of a job', () => {
  it('becomes the process of the attempt, in its folder, with its log', async () => {
    expect(await run()).toBe(0);
    expect(readFileSync(log, 'utf8')).toBe(`works on ${attempt}/spec.json ${attempt}\n`);
  });

  it('does the work once, however often it is started', async () => {
    const codes = await Promise.all([run(), run(), run(), run()]);
    expect(codes.sort()).toEqual([0, JOB_EXIT.begun, JOB_EXIT.begun, JOB_EXIT.begun]);
    expect(readFileSync(log, 'utf8').split('\n')).toHaveLength(2);
  });

  it('does nothing once it was prevented', async () => {
    expect(preventStart(attempt)).toBe(true);
    expect(await run()).toBe(JOB_EXIT.begun);
    expect(existsSync(log)).toBe(false);
    expect(preventStart(attempt)).toBe(false);
  });

  it('does nothing where it was cut off on its way', async () => {
    const head = jobScriptHead({ node: process.execPath, host: join(folder, 'host.cjs') });
    const script = `${head}\ncase 0 in\n0) attempt ${quoted(attempt)} ${quoted(log)} ;;\nesac\n`;
    for (let length = 0; length < script.length - 1; length += 29)
      await execa('sh', { input: script.slice(0, length), reject: false });
    expect(existsSync(join(attempt, 'started'))).toBe(false);
  });

  it('runs the setup first, and says where that fails', async () => {
    expect(await run({ setup: 'echo module loaded' })).toBe(0);
    expect(readFileSync(log, 'utf8')).toMatch(/^module loaded\nworks on /);
    rmSync(join(attempt, 'started'), { recursive: true });
    expect(await run({ setup: 'module_that_is_not_there' })).toBe(JOB_EXIT.setupFailed);
  });

  it('says where the machine lacks the folder, the program or Node', async () => {
    expect(await run({ host: 'nothing.cjs' })).toBe(JOB_EXIT.noProgram);
    rmSync(join(attempt, 'started'), { recursive: true });
    expect(await run({ node: '/nowhere/node' })).toBe(0); // that of the PATH
    rmSync(join(folder, 'work'), { recursive: true });
    expect(await run()).toBe(JOB_EXIT.noSuchFolder);
  });
});
