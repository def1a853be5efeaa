import type { NativeSession, NativeTensor } from './binding.ts';
import { createSession } from './binding.ts';
import { encodeModel, type OnnxGraph, type OnnxNode } from './graph/onnx-model.ts';

/**
 * onnxruntime-node 1.30 writes results into the arrays it is given (`fetches`), and then copies each of them into
 * a new array all the same, which for the gradients of a large model takes longer than the optimizer. The copying
 * ends at the first output that is not a tensor. So graphs get an empty sequence as their first output: when the
 * binding reaches it everything has been computed and nothing copied. This depends on that release's order of
 * work, so `inPlaceOutputsWork` tries it before it is relied on.
 */
export const STOP_OUTPUT = 'stop';
export const STOP_NODE: OnnxNode = {
  op: 'SequenceEmpty',
  inputs: [],
  outputs: [STOP_OUTPUT],
  attributes: { dtype: 1 },
};
const STOP_MESSAGE = 'Non tensor type is temporarily not supported';

type Tensors = Readonly<Record<string, NativeTensor>>;

/** Runs a graph that has the stop output, filling the arrays of `results`. Throws the library's own errors. */
export function runInPlace(session: NativeSession, feeds: Tensors, results: Tensors): void {
  try {
    session.run(feeds, { [STOP_OUTPUT]: null, ...results }, {});
  } catch (error) {
    if ((error as Error).message.includes(STOP_MESSAGE)) return;
    throw error;
  }
  throw new Error('onnxruntime-node copied its outputs although it was stopped; is it another version?');
}

/** Runs a graph without the stop output; the arrays of the results are new. */
export function runWithCopies(session: NativeSession, feeds: Tensors, names: readonly string[]): Tensors {
  return session.run(feeds, Object.fromEntries(names.map((name) => [name, null])), {});
}

/** Whether the trick works with the installed library: a product must appear in the array that was given. */
export function inPlaceOutputsWork(): boolean {
  const type = { type: 'float32', shape: [2] } as const;
  const graph: OnnxGraph = {
    nodes: [STOP_NODE, { op: 'Mul', inputs: ['x', 'x'], outputs: ['y'] }],
    initializers: [],
    inputs: [{ name: 'x', ...type }],
    sequenceOutput: STOP_OUTPUT,
    outputs: [{ name: 'y', ...type }],
  };
  const session = createSession(encodeModel(graph), { alone: true });
  try {
    const tensor = (data: Float32Array): NativeTensor => ({
      type: 'float32',
      dims: [2],
      data,
      location: 'cpu',
    });
    const result = new Float32Array(2);
    runInPlace(session, { x: tensor(Float32Array.of(3, 4)) }, { y: tensor(result) });
    return result[0] === 9 && result[1] === 16;
  } catch {
    return false;
  } finally {
    session.dispose();
  }
}
