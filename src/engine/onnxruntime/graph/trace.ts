import type { DataId } from '@tensorflow/tfjs-core';
import type { ElementType, TensorData } from '../binding.ts';
import type { Attributes } from './onnx-model.ts';

/** What a kernel call makes: known (`data`), or still to be computed by the node that `producer` is. */
export interface Value {
  readonly id: number;
  readonly type: ElementType;
  readonly shape: readonly number[];
  data: TensorData | undefined;
  producer: TraceNode | undefined;
  /** Under which TensorFlow.js knows it. Without one, nothing but the trace can refer to it. */
  dataId: DataId | undefined;
}

/** A value as some kernel reads it: the same elements in the same order, under a shape of its own. */
export interface Operand {
  readonly value: Value;
  readonly shape: readonly number[];
}

/** A constant that is part of the structure of the graph: axes, lengths, paddings. */
export interface Constant {
  readonly constant: readonly number[];
  readonly type: ElementType;
  readonly shape: readonly number[];
}

/** One operator, recorded and not yet run. */
export interface TraceNode {
  /** Grows with every recorded node, so it is also an order in which they can run. */
  readonly id: number;
  readonly op: string;
  readonly domain?: string;
  readonly attributes?: Attributes;
  readonly inputs: readonly (Operand | Constant | undefined)[];
  readonly outputs: readonly Value[];
}

export interface RecordOptions {
  readonly domain?: string;
  readonly attributes?: Attributes;
}

let nextId = 1;

/** How many values and nodes were made so far. */
export function recorded(): number {
  return nextId;
}

/** Records an operator with one output. */
export function record(
  op: string,
  inputs: TraceNode['inputs'],
  shape: readonly number[],
  type: ElementType,
  options: RecordOptions = {},
): Operand {
  return recordAll(op, inputs, [shape], type, options)[0]!;
}

/** Records an operator with an output for each shape, all of one type. */
export function recordAll(
  op: string,
  inputs: TraceNode['inputs'],
  shapes: readonly (readonly number[])[],
  type: ElementType,
  options: RecordOptions = {},
): Operand[] {
  const outputs: Value[] = [];
  const producer: TraceNode = { id: nextId++, op, ...options, inputs, outputs };
  for (const shape of shapes) outputs.push({ ...blank(type, shape), producer });
  return outputs.map((value) => ({ value, shape: value.shape }));
}

/** A value whose elements are known; the array is given up to it. */
export function known(data: TensorData, shape: readonly number[], type: ElementType): Operand {
  return { value: { ...blank(type, shape), data }, shape };
}

/** One number that enters the graph at run time, so that graphs which differ in it only share a session. */
export function scalar(number: number, type: 'float32' | 'int32' = 'float32'): Operand {
  return known(type === 'int32' ? Int32Array.of(number) : Float32Array.of(number), [], type);
}

/** Integers as ONNX wants shapes and axes: a vector of int64. */
export function integers(numbers: readonly number[]): Constant {
  return { constant: numbers, type: 'int64', shape: [numbers.length] };
}

/** The same elements in another shape. */
export function reshape({ value }: Operand, shape: readonly number[]): Operand {
  return { value, shape };
}

/** How many elements a shape has. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

function blank(type: ElementType, shape: readonly number[]): Value {
  return { id: nextId++, type, shape, data: undefined, producer: undefined, dataId: undefined };
}
