import * as tf from '@tensorflow/tfjs-core';
import { integers, known, type Operand, record, recordAll, reshape, scalar } from '../graph/trace.ts';
import { type Kernels, typeOf } from '../kernel.ts';
import { cast } from './casts.ts';
import { axisOf, withLength } from './shapes.ts';

function concat(parts: readonly Operand[], axis: number): Operand {
  const length = parts.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  const [first] = parts as [Operand];
  return record('Concat', parts, withLength(first.shape, axis, length), typeOf(first), {
    attributes: { axis },
  });
}

function split(x: Operand, axis: number, lengths: readonly number[]): Operand[] {
  const shapes = lengths.map((length) => withLength(x.shape, axis, length));
  return recordAll('Split', [x, integers(lengths)], shapes, typeOf(x), { attributes: { axis } });
}

/** An operand as TensorFlow.js's helpers take it. They read the shape alone, so the type may be any. */
function infoOf(x: Operand): tf.TensorInfo {
  return { dataId: {}, shape: [...x.shape], dtype: 'float32' };
}

/** Kernels that put elements elsewhere and change none. */
export const arrangeKernels: Kernels = {
  Transpose: ({ x }, { perm }: tf.TransposeAttrs) =>
    perm.every((from, to) => from === to)
      ? x
      : record(
          'Transpose',
          [x],
          perm.map((axis) => x!.shape[axis]!),
          typeOf(x!),
          { attributes: { perm } },
        ),
  Slice: ({ x }, attributes: tf.SliceAttrs) => {
    const [begin, size] = tf.slice_util.parseSliceParams(infoOf(x!), attributes.begin, attributes.size) as [
      number[],
      number[],
    ];
    tf.slice_util.assertParamsValid(infoOf(x!), begin, size);
    if (`${size}` === `${x!.shape}`) return x;
    const ends = begin.map((start, axis) => start + size[axis]!);
    const axes = begin.map((_, axis) => axis);
    return record('Slice', [x, integers(begin), integers(ends), integers(axes)], size, typeOf(x!));
  },
  SplitV: ({ x }, { numOrSizeSplits, axis }: tf.SplitVAttrs) => {
    const along = axisOf(axis, x!);
    return split(x!, along, tf.backend_util.prepareSplitSize(infoOf(x!), numOrSizeSplits, along));
  },
  Concat: (inputs, { axis }: tf.ConcatAttrs) => {
    const parts = Object.values(inputs);
    const along = axisOf(axis, parts[0]!);
    tf.backend_util.assertParamsConsistent(
      parts.map(({ shape }) => [...shape]),
      along,
    );
    return parts.length === 1 ? parts[0] : concat(parts, along);
  },
  Pack: (inputs, { axis }: tf.PackAttrs) => {
    const parts = Object.values(inputs);
    const [first] = parts as [Operand];
    for (const part of parts) {
      tf.util.assert(
        `${part.shape}` === `${first.shape}` && typeOf(part) === typeOf(first),
        () => 'All tensors passed to stack must have matching shapes and dtypes',
      );
    }
    const along = axis < 0 ? axis + first.shape.length + 1 : axis;
    const shape = [...first.shape.slice(0, along), 1, ...first.shape.slice(along)];
    return concat(
      parts.map((part) => reshape(part, shape)),
      along,
    );
  },
  Unpack: ({ value }, { axis }: tf.UnpackAttrs) => {
    const along = axisOf(axis, value!);
    const shape = value!.shape.filter((_, i) => i !== along);
    const lengths = Array<number>(value!.shape[along]!).fill(1);
    return split(value!, along, lengths).map((part) => reshape(part, shape));
  },
  PadV2: ({ x }, { paddings, constantValue }: tf.PadV2Attrs) => {
    if (typeOf(x!) === 'bool') return undefined;
    const shape = x!.shape.map((length, axis) => paddings[axis]![0] + length + paddings[axis]![1]);
    const pads = integers([...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)]);
    return record('Pad', [x, pads, scalar(constantValue, typeOf(x!) as 'float32')], shape, typeOf(x!));
  },
  Tile: ({ x }, { reps }: tf.TileAttrs) =>
    record(
      'Tile',
      [x, integers(reps)],
      x!.shape.map((length, axis) => length * reps[axis]!),
      typeOf(x!),
    ),
  Select: ({ condition, t, e }) => {
    const rest = t!.shape.length - condition!.shape.length;
    // A condition of lower rank chooses whole rows.
    const chosen =
      condition!.shape.length === 0
        ? condition!
        : reshape(condition!, [...condition!.shape, ...Array<number>(rest).fill(1)]);
    if (typeOf(t!) !== typeOf(e!)) return undefined;
    if (typeOf(t!) !== 'bool') return record('Where', [chosen, t, e], t!.shape, typeOf(t!));
    return cast(record('Where', [chosen, cast(t!, 'int32'), cast(e!, 'int32')], t!.shape, 'int32'), 'bool');
  },
};

/** Kernels that make tensors of one number. */
export const fillKernels: Kernels = {
  Fill: (_, { shape, value, dtype }: tf.FillAttrs) => {
    const type = dtype ?? tf.util.inferDtype(value as number);
    return typeof value === 'string' || type === 'string' || type === 'complex64'
      ? undefined
      : fill(shape, Number(value), type);
  },
  OnesLike: ({ x }) => fill(x!.shape, 1, typeOf(x!) as 'float32'),
  ZerosLike: ({ x }) => fill(x!.shape, 0, typeOf(x!) as 'float32'),
};

/** A tensor that holds one number everywhere. */
export function fill(shape: readonly number[], number: number, type: 'float32' | 'int32' | 'bool'): Operand {
  const one = type === 'bool' ? known(Uint8Array.of(number ? 1 : 0), [], 'bool') : scalar(number, type);
  return shape.length === 0 ? one : record('Expand', [one, integers(shape)], shape, type);
}
