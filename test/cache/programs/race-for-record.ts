// For each line of standard input: finishes that action with outputs of its own and prints which outputs hold.
import { createInterface } from 'node:readline';
import { ActionRecords } from '../../../src/cache/records/action-records.ts';
import { digestOfBytes } from '../../../src/files/digest.ts';
import { manifest, record } from '../examples.ts';

const [cache] = process.argv.slice(2) as [string];
const records = new ActionRecords(cache, (problem) => console.log(problem.message));
for await (const line of createInterface({ input: process.stdin })) {
  const own = { artifact: 'file', digest: digestOfBytes(`by ${process.pid}`), bytes: 1 } as const;
  const made = record({ manifest: manifest({ settings: { action: line } }), outputs: { own } });
  const winner = await records.add(made);
  console.log(
    `${made.key} ${winner.outputs.own?.digest === own.digest ? 'won' : 'lost'} ${winner.outputs.own?.digest}`,
  );
}
