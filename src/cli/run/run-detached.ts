import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { commandText } from '../../contract/command-text.ts';
import { show } from '../../terminal/show.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { artifactsDirectory, openPipeline } from '../open/open-pipeline.ts';
import { packagePath } from '../package-path.ts';
import type { RunVerbOptions } from './run-options.ts';
import { BACKGROUND_VARIABLE, type Begun } from './tell-begun.ts';

/**
 * Starts `pipe run` in a session of its own, which no terminal ends, and says how to watch and stop it once it has begun.
 * What it prints goes into `output.log` of its run. Returns the code to exit with: of a run that did not begin its own.
 */
export async function runDetached(file: string, options: RunVerbOptions): Promise<ExitCode> {
  await openPipeline(file, options); // what is wrong with the file is said here
  const runs = join(artifactsDirectory(file, options), 'runs');
  mkdirSync(runs, { recursive: true });
  const draft = join(runs, `.detached-${process.pid}.log`);
  const output = openSync(draft, 'a');
  const args = process.argv.slice(2).filter((arg) => arg !== '--detach');
  const child = spawn(process.execPath, [packagePath('dist', 'pipe.cjs'), ...args], {
    detached: true,
    env: { ...process.env, [BACKGROUND_VARIABLE]: '1' },
    stdio: ['ignore', output, output, 'ipc'],
  });
  closeSync(output);
  const begun = await new Promise<Begun | number>((settle, reject) => {
    child.once('message', (message) => settle(message as Begun));
    child.once('exit', (code) => settle(code ?? EXIT.failed));
    child.once('error', reject);
  });
  if (typeof begun === 'number') {
    show(process.stderr, readFileSync(draft, 'utf8').trimEnd());
    rmSync(draft);
    return begun as ExitCode;
  }
  child.disconnect();
  child.unref();
  renameSync(draft, join(runs, begun.run, 'output.log'));
  const where = options.artifacts === undefined ? [] : ['--artifacts', options.artifacts];
  show(
    process.stdout,
    `Run ${begun.run} goes on in the background.`,
    '',
    `  ${commandText(['attach', begun.run, ...where])}   watch it; Ctrl-C there stops the watching alone`,
    `  ${commandText(['status', ...where])}   how far it is`,
    `  kill ${child.pid}   stop it, as Ctrl-C would`,
  );
  return EXIT.done;
}
