// Takes and releases a lock over and over and writes when it had it; kills itself while holding it after `dies` rounds.
import { appendFileSync } from 'node:fs';
import { acquireLock } from '../../../src/files/lock.ts';

const [path, journal, rounds, dies] = process.argv.slice(2) as [string, string, string, string];
for (let round = 0; round < Number(rounds); round++) {
  const lock = await acquireLock(path, {
    run: String(round),
    signal: new AbortController().signal,
    onWaiting: () => {},
  });
  appendFileSync(journal, `enter ${process.pid}\n`);
  if (round === Number(dies)) process.kill(process.pid, 'SIGKILL');
  await new Promise((resolve) => setImmediate(resolve));
  appendFileSync(journal, `leave ${process.pid}\n`);
  await lock.release();
}
