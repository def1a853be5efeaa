/** Inputs and targets of one training step, both [rows, length], row by row. */
export interface Batch {
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  readonly rows: number;
  readonly length: number;
}

export interface CollateOptions {
  /** Ends each sequence once and fills it up to the longest of the batch. */
  readonly padToken: number;
  /** Longest row; what lies beyond is cut off. */
  readonly maxLength: number;
}

/** Target that the loss leaves out. */
export const IGNORE_INDEX = -100;

/**
 * Makes one batch of sequences of different lengths. Each sequence gets one pad token and is padded to the
 * longest; targets are the same shifted by one. Of a row's targets only the first pad token is kept, which
 * teaches the model to stop; all later ones become IGNORE_INDEX. Both are then cut at `maxLength`.
 *
 * The rule is that of "Build a Large Language Model (From Scratch)", chapter 7 (custom_collate_fn).
 */
export function collate(sequences: readonly Int32Array[], { padToken, maxLength }: CollateOptions): Batch {
  const rows = sequences.length;
  const longest = sequences.reduce((length, sequence) => Math.max(length, sequence.length), 0);
  const length = Math.min(longest, maxLength);
  const inputs = new Int32Array(rows * length).fill(padToken);
  const targets = new Int32Array(rows * length).fill(padToken);
  for (const [row, sequence] of sequences.entries()) {
    inputs.set(sequence.subarray(0, length), row * length);
    targets.set(sequence.subarray(1, length + 1), row * length);
    keepFirst(padToken, targets.subarray(row * length, (row + 1) * length));
  }
  return { inputs, targets, rows, length };
}

function keepFirst(padToken: number, targets: Int32Array): void {
  const first = targets.indexOf(padToken);
  if (first === -1) return;
  for (let i = first + 1; i < targets.length; i++) {
    if (targets[i] === padToken) targets[i] = IGNORE_INDEX;
  }
}
