import type { Program } from './program.ts';
import { sizeOf, type TraceNode, type Value } from './trace.ts';

/** Operators whose element i depends on the elements i of their equally shaped inputs only. */
const ELEMENTWISE = new Set(['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Sqrt', 'Reciprocal', 'Abs']);
/** Operators of which that is true for their first input. */
const ELEMENTWISE_IN_FIRST = new Set(['ScatterElements']);

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
        readers
          .get(value)!
          .every(
            ({ node, slot, shape }) =>
              cone.has(node) && slot < elementwiseInputs(node) && sameShape(shape, output.shape),
          ),
    );
    if (place >= 0) taken.add(program.inputs[place]!.value);
    return place;
  });
}

/** How many of a node's inputs, from the first, its result depends on element by element. */
function elementwiseInputs({ op, inputs }: TraceNode): number {
  if (ELEMENTWISE.has(op)) return inputs.length;
  return ELEMENTWISE_IN_FIRST.has(op) ? 1 : 0;
}

/** Of the output's producer and what it is made of, the nodes that work element by element at its shape. */
function elementwiseCone(output: Value): Set<TraceNode> {
  const cone = new Set<TraceNode>();
  const waiting = [output.producer!];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const count = elementwiseInputs(node);
    if (cone.has(node) || count === 0 || !sameShape(node.outputs[0]!.shape, output.shape)) continue;
    cone.add(node);
    for (const input of node.inputs.slice(0, count)) {
      if (
        input !== undefined &&
        'value' in input &&
        input.value.producer &&
        sameShape(input.shape, output.shape)
      )
        waiting.push(input.value.producer);
    }
  }
  return cone;
}

/** One place where a node reads a known value. */
interface Reader {
  readonly node: TraceNode;
  readonly slot: number;
  readonly shape: readonly number[];
}

function readersOf({ nodes }: Program): Map<Value, Reader[]> {
  const readers = new Map<Value, Reader[]>();
  for (const node of nodes) {
    for (const [slot, operand] of node.inputs.entries()) {
      if (operand === undefined || 'constant' in operand || operand.value.data === undefined) continue;
      const list = readers.get(operand.value) ?? [];
      readers.set(operand.value, list);
      list.push({ node, slot, shape: operand.shape });
    }
  }
  return readers;
}

function fits(input: Value, output: Value): boolean {
  return input.type === output.type && input.data!.length === sizeOf(output.shape);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return `${a}` === `${b}`;
}
