import { systemProblem } from '../../files/system-problem.ts';
import { show } from '../../terminal/show.ts';
import { EXIT } from '../exit-code.ts';

/**
 * Keeps what becomes of the two streams from ending a run. A reader that has seen enough (`pipe run … | head`) is no
 * fault; output that is lost otherwise, as on a full disk, is said once and shows in the exit code. Of standard error
 * nothing can be said anywhere.
 */
export function surviveClosedStreams(): void {
  let isTold = false;
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || isTold) return;
    isTold = true;
    const { message } = systemProblem('write to standard output', error) ?? error;
    show(process.stderr, `error: ${message}`);
    process.once('exit', (code) => {
      if (code === EXIT.done) process.exitCode = EXIT.failed;
    });
  });
}
