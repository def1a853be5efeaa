import { Worker } from 'node:worker_threads';

/**
 * Ends this process and its whole group when the runner dies: the runner holds the other end of standard input
 * open for as long as it lives, so the end of input is the end of the runner, however it died. A thread with an
 * event loop of its own watches, because a kernel or a busy loop may hold the main thread for minutes.
 */
export function watchRunner(): void {
  new Worker(`(${killGroupAtEndOfInput.toString()})()`, { eval: true, stdin: false }).unref();
}

/** Runs in the thread, which is given only its text: it may refer to nothing outside itself. */
function killGroupAtEndOfInput(): void {
  const { Socket } = process.getBuiltinModule('node:net');
  const runner = new Socket({ fd: 0, readable: true, writable: false });
  runner.on('error', () => {}); // 'close' follows
  runner.on('close', () => {
    try {
      process.kill(-process.pid, 'SIGKILL');
    } catch {
      process.kill(process.pid, 'SIGKILL'); // started by hand: not the leader of a group
    }
  });
  runner.resume();
}
