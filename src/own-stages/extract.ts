import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isObject } from '../contract/json.ts';
import type { OwnCode } from '../contract/own-code.ts';
import type { Declared } from './declare.ts';

/** To load code takes a moment. What takes longer does work, which belongs into `run`. */
const LONGEST_MS = 20_000;
const MOST_OUTPUT = 4000;
const SHOWN_LINES = 8;

/**
 * Looks at what an own stage declares, in a process of its own that is ended with all that it started. `hostFile` is the
 * built `stage-host.cjs`; `file` is where that process leaves its answer.
 */
export async function extractDeclaration(code: OwnCode, hostFile: string, file: string): Promise<Declared> {
  const child = spawn(
    process.execPath,
    [hostFile, '--declare', JSON.stringify(code), file, String(process.pid)],
    {
      cwd: tmpdir(),
      env: Object.fromEntries(
        ['PATH', 'HOME', 'LANG', 'TMPDIR'].flatMap((name) =>
          process.env[name] === undefined ? [] : [[name, process.env[name]]],
        ),
      ),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // leads a process group
    },
  );
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      printed = (printed + chunk.toString()).slice(-MOST_OUTPUT);
    });
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    endGroup(child.pid);
  }, LONGEST_MS);
  const abandon = () => endGroup(child.pid);
  process.once('exit', abandon);
  try {
    const [exitCode, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    const left = answerIn(file);
    if (left !== undefined) return left;
    if (late)
      return {
        problem: `it is still being loaded after ${LONGEST_MS / 1000} s`,
        hint: 'work belongs into `run`, which may take as long as it needs',
      };
    const how = exitCode === null ? `was ended by ${signal}` : `exited with code ${exitCode}`;
    const words = printed.trimEnd().split('\n').slice(-SHOWN_LINES).join('\n');
    return {
      problem: `the process that loaded it ${how}${words === '' ? '' : `; it last printed:\n${words}`}`,
      hint: 'work belongs into `run`',
    };
  } finally {
    clearTimeout(limit);
    process.off('exit', abandon);
    endGroup(child.pid);
    await rm(file, { force: true });
  }
}

function answerIn(file: string): Declared | undefined {
  try {
    const answer: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isObject(answer) ? (answer as unknown as Declared) : undefined;
  } catch {
    return undefined; // it did not get so far
  }
}

function endGroup(group: number | undefined): void {
  if (group === undefined) return;
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // nothing of it is left
  }
}
