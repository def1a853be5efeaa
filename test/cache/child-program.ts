import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { afterAll, onTestFinished } from 'vitest';

export interface Child {
  readonly process: ChildProcess;
  /** Next line that the program prints; undefined when it ended. */
  nextLine(): Promise<string | undefined>;
  /** Resolves with the exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/**
 * Compiles test/cache/programs/<name>.ts once and returns what starts it as a process of its own. What still
 * runs when the test ends is killed.
 */
export function childProgram(name: string): (...args: string[]) => Promise<Child> {
  const directory = mkdtempSync(join(tmpdir(), 'pipe-program-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const bundle = join(directory, `${name}.mjs`);
  const source = join(import.meta.dirname, 'programs', `${name}.ts`);
  const built = build({
    entryPoints: [source],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
  });

  return async (...args) => {
    await built;
    const child = spawn(process.execPath, [bundle, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return {
      process: child,
      nextLine: async () => (await lines.next()).value as string | undefined,
      ended: once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals),
    };
  };
}
