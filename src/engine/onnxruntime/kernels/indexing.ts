import * as tf from '@tensorflow/tfjs-core';
import { integers, known, type Operand, record, reshape, scalar, sizeOf } from '../graph/trace.ts';
import { type Kernels, typeOf } from '../kernel.ts';
import { fill } from './arrange.ts';
import { cast } from './casts.ts';
import { axisOf } from './shapes.ts';

/** 0 <= indices < limit */
function inRange(indices: Operand, limit: number): Operand {
  const compare = (op: string, bound: number) =>
    record(op, [indices, scalar(bound, 'int32')], indices.shape, 'bool');
  return record('And', [compare('GreaterOrEqual', 0), compare('Less', limit)], indices.shape, 'bool');
}

/**
 * `base` [count, C] with the rows of `updates` [n, C] added to the rows that `rows` [n] says; updates of rows out of
 * range are left out. Not ScatterND, whose threads get in each other's way where several updates meet one row.
 */
function scatterAdd(base: Operand, rows: Operand, updates: Operand): Operand {
  const [n, columns] = updates.shape as [number, number];
  const type = typeOf(updates) as 'float32' | 'int32';
  const counts = inRange(rows, base.shape[0]!);
  const safeRows = record('Where', [counts, rows, scalar(0, 'int32')], [n], 'int32');
  const safeUpdates = record(
    'Where',
    [reshape(counts, [n, 1]), updates, scalar(0, type)],
    [n, columns],
    type,
  );
  const places = record('Expand', [reshape(safeRows, [n, 1]), integers([n, columns])], [n, columns], 'int32');
  return record('ScatterElements', [base, places, safeUpdates], base.shape, type, {
    attributes: { axis: 0, reduction: 'add' },
  });
}

/** Indices that are still to be computed are checked by the library. */
function checkIndices({ value: { data } }: Operand, length: number): void {
  const wrong = data?.find((index) => index < 0 || index >= length);
  tf.util.assert(
    wrong === undefined,
    () => `GatherV2: the index value ${wrong} is not in [0, ${length - 1}]`,
  );
}

/** Kernels that find elements by their index, and the other way round. */
export const indexingKernels: Kernels = {
  GatherV2: ({ x, indices }, { axis, batchDims }: tf.GatherV2Attrs) => {
    if (batchDims !== 0) return undefined;
    const along = axisOf(axis, x!);
    checkIndices(indices!, x!.shape[along]!);
    const shape = [...x!.shape.slice(0, along), ...indices!.shape, ...x!.shape.slice(along + 1)];
    return record('Gather', [x, indices], shape, typeOf(x!), { attributes: { axis: along } });
  },
  UnsortedSegmentSum: ({ x, segmentIds }, { numSegments }: tf.UnsortedSegmentSumAttrs) => {
    if (typeOf(x!) === 'bool') return undefined;
    const rows = sizeOf(segmentIds!.shape);
    const columns = sizeOf(x!.shape) / rows;
    const zeros = fill([numSegments, columns], 0, typeOf(x!) as 'float32' | 'int32');
    const sums = scatterAdd(zeros, reshape(segmentIds!, [rows]), reshape(x!, [rows, columns]));
    return reshape(sums, [numSegments, ...x!.shape.slice(segmentIds!.shape.length)]);
  },
  OneHot: ({ indices }, { dtype, depth, onValue, offValue }: tf.OneHotAttrs) => {
    const count = sizeOf(indices!.shape);
    const flat = cast(reshape(indices!, [count]), 'int32');
    // The library would count negative indices from the end; one beyond the end is off everywhere.
    const safe = record('Where', [inRange(flat, depth), flat, scalar(depth, 'int32')], [count], 'int32');
    const depths = { constant: [depth], type: 'int64', shape: [] } as const;
    const values = known(Float32Array.of(offValue, onValue), [2], 'float32');
    const hot = record('OneHot', [cast(safe, 'int64'), depths, values], [count, depth], 'float32');
    return reshape(cast(hot, dtype as 'float32'), [...indices!.shape, depth]);
  },
};
