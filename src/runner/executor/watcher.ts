import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/**
 * Reads lines of `mark:group`, each line all attempts that run; the group is missing until the attempt's process is
 * there. The end of the input is the death of the runner: then it kills the groups, and on Linux whatever carries a mark
 * (see marked-processes.ts). It looks several times, because the runner may have died while it started a process, which
 * carries its mark only a moment later. It is a shell because it must cost nothing while it waits, and must not be what a
 * machine without memory ends first.
 */
const SCRIPT = `
trap '' HUP INT QUIT TERM
attempts=
while read -r line; do attempts=$line; done
[ -n "$attempts" ] || exit 0
for attempt in $attempts; do
  group=\${attempt#*:}
  [ -z "$group" ] || kill -9 "-$group" 2>/dev/null
done
for round in 1 2 3 4 5 6 7 8 9 10; do
  for attempt in $attempts; do
    for file in $(grep -lF "\${attempt%%:*}" /proc/[0-9]*/environ 2>/dev/null); do
      file=\${file#/proc/}
      kill -9 "\${file%/environ}" 2>/dev/null
    done
  done
  sleep 0.2
done
`;

/**
 * A process that outlives its runner and ends what the runner leaves behind, however it dies: killed together with
 * a stage's process, or while that one is stopped. It lives in a session of its own, so nothing that is sent to the runner's
 * group reaches it. Started with the first attempt; without a shell at `/bin/sh` nobody watches.
 */
export class Watcher {
  /** Groups by mark. */
  readonly #running = new Map<string, number | undefined>();
  #process: ChildProcess | undefined;

  /** Called before the attempt's process is started, and again with its group: there is no moment in which nobody watches. */
  watch(mark: string, group?: number): void {
    this.#running.set(mark, group);
    this.#report();
  }

  /** The attempt has ended, and nothing of it is left. */
  forget(mark: string): void {
    if (this.#running.delete(mark)) this.#report();
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
    const line = [...this.#running].map(([mark, group]) => `${mark}:${group ?? ''}`).join(' ');
    this.#process.stdin?.write(`${line}\n`);
  }

  #start(): ChildProcess {
    // Loaded here and not above: a run of hits starts nothing, and this is a tenth of what such a run costs.
    const { spawn } = process.getBuiltinModule('node:child_process');
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
