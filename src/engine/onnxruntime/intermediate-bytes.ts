import type { Program } from './program.ts';
import { sizeOf, type TraceNode, type Value } from './trace.ts';

/**
 * Memory for the intermediate results of a program, when its nodes run in their order and each result goes after
 * its last reader. (Element types of one byte and of eight are counted as four.)
 */
export function intermediateBytes({ nodes, outputs }: Program): number {
  const finals = new Set(outputs);
  const lastReader = new Map<Value, TraceNode>();
  for (const node of nodes) {
    for (const input of node.inputs)
      if (input !== undefined && 'value' in input) lastReader.set(input.value, node);
  }
  let [now, most] = [0, 0];
  for (const node of nodes) {
    for (const value of node.outputs) if (!finals.has(value)) now += 4 * sizeOf(value.shape);
    most = Math.max(most, now);
    const read = new Set(node.inputs.flatMap((input) => (input && 'value' in input ? [input.value] : [])));
    for (const value of [...read, ...node.outputs]) {
      const gone = lastReader.get(value) === node || !lastReader.has(value);
      if (gone && value.data === undefined && !finals.has(value)) now -= 4 * sizeOf(value.shape);
    }
  }
  return most;
}
