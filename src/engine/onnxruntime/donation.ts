import type { Program } from './program.ts';
import { type Operand, sizeOf, type TraceNode, type Value } from './trace.ts';

/** Operators whose element i depends on the elements i of their equally shaped inputs only. */
const ELEMENTWISE = new Set(['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Sqrt', 'Reciprocal', 'Abs']);

/**
 * For each output, the place of an input whose memory it may take over, or -1. The input must not be needed
 * afterwards (`isFree`), and no node may read it after the output is written, in whatever order the library
 * runs the nodes and however it fuses them. That holds where every path from the input to any of its readers
 * is elementwise all the way to the output, at the output's shape: then element i of the output is written
 * by something that needs nothing but element i of the input, or that waited for all of those readers.
 */
export function planDonations(program: Program, isFree: (value: Value) => boolean): number[] {
  const readers = readersOf(program);
  const taken = new Set<Value>();
  const free = program.inputs.map(({ value }) => value.data!.length > 1 && isFree(value));
  return program.outputs.map((output) => {
    const cone = elementwiseCone(output);
    const place = program.inputs.findIndex(
      ({ value }, i) =>
        free[i] === true &&
        !taken.has(value) &&
        fits(value, output) &&
        readers.get(value)!.every(({ node, operand }) => cone.has(node) && sameShape(operand, output)),
    );
    if (place >= 0) taken.add(program.inputs[place]!.value);
    return place;
  });
}

/** Of the output's producer and what it is made of, the nodes that work element by element at its shape. */
function elementwiseCone(output: Value): Set<TraceNode> {
  const cone = new Set<TraceNode>();
  const waiting = [output.producer!];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (cone.has(node) || !ELEMENTWISE.has(node.op) || !sameShape(node.outputs[0]!, output)) continue;
    cone.add(node);
    for (const input of node.inputs) {
      if (input !== undefined && 'value' in input && sameShape(input, output) && input.value.producer)
        waiting.push(input.value.producer);
    }
  }
  return cone;
}

interface Reader {
  readonly node: TraceNode;
  readonly operand: Operand;
}

function readersOf({ nodes }: Program): Map<Value, Reader[]> {
  const readers = new Map<Value, Reader[]>();
  for (const node of nodes) {
    for (const operand of node.inputs) {
      if (operand === undefined || 'constant' in operand || operand.value.data === undefined) continue;
      const list = readers.get(operand.value) ?? [];
      readers.set(operand.value, list);
      list.push({ node, operand });
    }
  }
  return readers;
}

function fits(input: Value, output: Value): boolean {
  return input.type === output.type && input.data!.length === sizeOf(output.shape);
}

function sameShape(
  a: { readonly shape: readonly number[] },
  b: { readonly shape: readonly number[] },
): boolean {
  return `${a.shape}` === `${b.shape}`;
}
