// Takes a lock, says so, and holds it until standard input ends; then it releases it, or with `forget` just ends.
import { acquireLock } from '../../../src/files/lock.ts';

const [path, ending] = process.argv.slice(2) as [string, string | undefined];
const lock = await acquireLock(path, {
  run: 'child',
  signal: new AbortController().signal,
  onWaiting: (holder) => console.log(`waiting for ${holder}`),
});
console.log('held');
process.stdin.resume();
process.stdin.on('end', () => {
  if (ending !== 'forget') void lock.release();
});
