import { type Batch, IGNORED } from './collate.ts';

/**
 * A batch without the positions that no counted target depends on. A token sees only what stands left of it, so
 * those are the positions right of a text's last counted target. What remains are N rows, text after text.
 */
export interface PackedBatch {
  /** Tokens [N] and their positions in their texts [N]. */
  readonly ids: Int32Array;
  readonly positions: Int32Array;
  /** The grid of B texts of T places that attention works on; see `Grid`. */
  readonly texts: number;
  readonly length: number;
  readonly rowOfPlace: Int32Array;
  readonly placeOfRow: Int32Array;
  /** Rows whose target counts [M], and those targets [M]. */
  readonly counted: Int32Array;
  readonly targets: Int32Array;
  /** For each row the place of its target among those [N]; of one that fills up where the row has none. */
  readonly targetOfRow: Int32Array;
  /** How many of the M targets count; the others fill up and have no weight. */
  readonly count: number;
}

/** Numbers of rows, places and targets are made multiples of these. */
export interface Granularity {
  readonly rows: number;
  readonly length: number;
}

/** Nothing is filled up. */
export const EXACT: Granularity = { rows: 1, length: 1 };
/** Fills up at most some 3 % of a batch of the book's texts, which then come in a handful of shapes. */
export const FEW_SHAPES: Granularity = { rows: 16, length: 16 };

/** How many targets of a batch count. */
export function countTargets({ targets }: Batch): number {
  return targets.reduce((count, target) => count + Number(target !== IGNORED), 0);
}

/**
 * Packs a batch. Where a row or a place is filled up there is at least one of both: places that fill up point to
 * a row that fills up, and the other way round; rows without a counted target point to a target that fills up. No
 * counted target depends on any of these, so their gradients are exactly zero.
 */
export function packBatch(batch: Batch, granularity: Granularity): PackedBatch {
  const lengths = Array.from({ length: batch.rows }, (_, text) => neededLength(batch, text));
  const rows = lengths.reduce((sum, length) => sum + length, 0);
  const longest = Math.max(1, ...lengths);
  const { N, T } = filledUp(rows, batch.rows, longest, granularity);

  const ids = new Int32Array(N);
  const positions = new Int32Array(N);
  const rowOfPlace = new Int32Array(batch.rows * T).fill(N - 1);
  const counted: number[] = [];
  const targets: number[] = [];
  const places: number[] = [];
  for (const [text, length] of lengths.entries()) {
    for (let position = 0; position < length; position++) {
      const row = places.push(text * T + position) - 1;
      rowOfPlace[text * T + position] = row;
      ids[row] = batch.inputs[text * batch.length + position]!;
      positions[row] = position;
      const target = batch.targets[text * batch.length + position]!;
      if (target === IGNORED) continue;
      counted.push(row);
      targets.push(target);
    }
  }
  const unused = rowOfPlace.indexOf(N - 1);
  const placeOfRow = new Int32Array(N).fill(unused);
  placeOfRow.set(places);
  const M = roundUp(counted.length + Number(counted.length < N), granularity.rows);
  const targetOfRow = new Int32Array(N).fill(M - 1);
  for (const [place, row] of counted.entries()) targetOfRow[row] = place;
  return {
    ids,
    positions,
    texts: batch.rows,
    length: T,
    rowOfPlace,
    placeOfRow,
    counted: filled(counted, M),
    targets: filled(targets, M),
    targetOfRow,
    count: counted.length,
  };
}

/** The text that each counted target belongs to, by its number in the batch. */
export function textsOfTargets({ counted, count, placeOfRow, length }: PackedBatch): Int32Array {
  return counted.subarray(0, count).map((row) => Math.floor(placeOfRow[row]! / length));
}

/** Positions of a text up to its last counted target. */
function neededLength({ targets, length }: Batch, text: number): number {
  for (let needed = length; needed > 0; needed--) {
    if (targets[text * length + needed - 1] !== IGNORED) return needed;
  }
  return 0;
}

/** Rows N and length T of the grid: as needed and filled up, with both kinds of filling or none. */
function filledUp(rows: number, texts: number, longest: number, granularity: Granularity) {
  let N = roundUp(Math.max(1, rows), granularity.rows);
  let T = roundUp(longest, granularity.length);
  const [spareRows, sparePlaces] = [N > rows, texts * T > rows];
  if (sparePlaces && !spareRows) N += granularity.rows;
  if (spareRows && !sparePlaces) T += granularity.length;
  return { N, T };
}

function roundUp(count: number, step: number): number {
  return Math.ceil(count / step) * step;
}

function filled(values: readonly number[], length: number): Int32Array {
  const array = new Int32Array(length);
  array.set(values);
  return array;
}
