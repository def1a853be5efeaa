// Stores outputs and records actions, one after the other, and kills itself with SIGKILL at a given file operation.
import fs, { mkdir, open, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { ActionRecords } from '../../../src/cache/records/action-records.ts';
import { inlineSmallOutputs } from '../../../src/cache/records/inline-outputs.ts';
import { manifest, record } from '../examples.ts';
import { objectStoreIn } from '../object-store-in.ts';

const [cache, work, actions, killAt, moment] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];

let operations = 0;

/** Lets every call that may change the disk count, and ends this process just before the chosen one, or while it is under way. */
function counted<Arguments extends unknown[], Result>(operation: (...args: Arguments) => Result) {
  return function (this: unknown, ...args: Arguments): Result {
    const chosen = ++operations === Number(killAt);
    if (chosen && moment === 'before') process.kill(process.pid, 'SIGKILL');
    const result = operation.apply(this, args);
    if (chosen) process.kill(process.pid, 'SIGKILL');
    return result;
  };
}

async function countOperations(): Promise<void> {
  const handle = await open(process.execPath);
  const methods = Object.getPrototypeOf(handle);
  await handle.close();
  for (const name of ['writeFile', 'sync']) methods[name] = counted(methods[name]);
  const functions = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
  const names = [
    'appendFile',
    'chmod',
    'copyFile',
    'link',
    'mkdir',
    'open',
    'rename',
    'rm',
    'stat',
    'utimes',
  ] as const;
  for (const name of names) functions[name] = counted(functions[name]!);
  syncBuiltinESMExports();
}

/** Fixed where operations are counted: which objects share a folder depends on their bytes. */
const author = moment === 'before' ? 'one' : process.pid;

async function storeAndRecord(action: number): Promise<void> {
  const outputs = join(work, `${process.pid}-${action}`);
  await mkdir(join(outputs, 'model/empty'), { recursive: true });
  await writeFile(join(outputs, 'model/weights'), Buffer.alloc(100_000 + action, `weights ${author}`));
  await writeFile(join(outputs, 'model/config'), `shared by actions ${action % 3}`);
  await writeFile(join(outputs, 'log'), `made by ${author}`);
  const stored = {
    model: await store.put(join(outputs, 'model'), 'directory', { move: true }),
    log: await store.put(join(outputs, 'log'), 'file'),
  };
  const made = record({
    manifest: manifest({ settings: { action } }),
    outputs: await inlineSmallOutputs(stored, store),
  });
  await records.add(made);
}

const fail = (problem: unknown) => {
  throw new Error(`unexpected: ${JSON.stringify(problem)}`);
};
const store = objectStoreIn(cache, fail);
const records = new ActionRecords(cache, fail);
await countOperations();
for (let action = 0; action < Number(actions); action++) await storeAndRecord(action);
console.log(operations);
