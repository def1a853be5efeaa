import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** One attempt as the watcher knows it. */
export interface Watched {
  /** Number of its process group. */
  readonly group: number;
  /** See marked-processes.ts. */
  readonly mark: string;
}

/**
 * Reads lines of `group:mark`, each line all attempts that run. The end of the input is the death of the runner: then it
 * kills the groups, and on Linux whatever carries a mark, until nothing is found any more. It is a shell because it
 * must cost nothing while it waits, and must not be what a machine without memory ends first.
 */
const SCRIPT = `
trap '' HUP INT QUIT TERM
attempts=
while read -r line; do attempts=$line; done
for round in 1 2 3 4 5 6 7 8 9 10; do
  found=
  for attempt in $attempts; do
    kill -9 "-\${attempt%%:*}" 2>/dev/null && found=1
    for file in $(grep -lF "\${attempt#*:}" /proc/[0-9]*/environ 2>/dev/null); do
      file=\${file#/proc/}
      kill -9 "\${file%/environ}" 2>/dev/null && found=1
    done
  done
  [ -n "$found" ] || exit 0
  sleep 0.1
done
`;

/**
 * A process that outlives its runner and ends what the runner leaves behind, however it dies: killed together with
 * a stage's process, or while that one is stopped. It lives in a session of its own, so nothing that is sent to the runner's
 * group reaches it. Started with the first attempt; without a shell at `/bin/sh` nobody watches.
 */
export class Watcher {
  readonly #running = new Set<Watched>();
  #process: ChildProcess | undefined;

  add(attempt: Watched): void {
    this.#running.add(attempt);
    this.#report();
  }

  remove(attempt: Watched): void {
    if (this.#running.delete(attempt)) this.#report();
  }

  /** Lets the watcher end, which finds nothing to do. */
  async close(): Promise<void> {
    const watcher = this.#process;
    this.#process = undefined;
    if (!watcher || watcher.exitCode !== null || watcher.pid === undefined) return;
    watcher.ref();
    watcher.stdin?.end();
    await once(watcher, 'exit');
  }

  #report(): void {
    this.#process ??= this.#start();
    const line = [...this.#running].map(({ group, mark }) => `${group}:${mark}`).join(' ');
    this.#process.stdin?.write(`${line}\n`);
  }

  #start(): ChildProcess {
    const watcher = spawn('/bin/sh', ['-c', SCRIPT], {
      cwd: '/',
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    watcher.on('error', () => {}); // no shell, or no descriptors left: then it has no input either
    watcher.stdin?.on('error', () => {}); // somebody has killed it: 'exit' follows
    watcher.on('exit', () => {
      if (this.#process === watcher) this.#process = undefined; // the next attempt starts another one
    });
    watcher.unref();
    return watcher;
  }
}
