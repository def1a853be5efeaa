/** Inputs and targets [rows, length], row by row; a text begins at the left and may be filled up at the right. */
export interface Batch {
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  readonly rows: number;
  readonly length: number;
}

export interface CollateOptions {
  /** Ends each sequence once and fills it up to the longest of the batch. */
  readonly padToken: number;
  /** Longest row; what is beyond is cut off. */
  readonly maxLength: number;
  /**
   * How many tokens each sequence begins with that are a prompt. Where given, predicting a token of the prompt does not
   * count: of n tokens, those are the first n - 1 targets. See docs/guides/instruction-masking.md.
   */
  readonly promptLengths?: readonly number[];
  /**
   * For each token of each sequence whether predicting it counts (1) or not (0), instead of `promptLengths`. The pad token that ends a
   * sequence counts if its last token does.
   */
  readonly counted?: readonly Int32Array[];
}

/** Target that the loss leaves out. */
export const IGNORED = -100;

/**
 * Makes one batch of sequences of different lengths. Each sequence gets one pad token and is padded to the
 * longest; targets are the same shifted by one. Of a row's targets only the first pad token is kept, which
 * teaches the model to stop; all later ones become IGNORED, as do targets within a prompt whose length is given.
 * Both are then cut at `maxLength`.
 *
 * The rule is that of "Build a Large Language Model (From Scratch)", chapter 7 (custom_collate_fn), and for prompts that
 * of its exercise 7.2 (custom_collate_with_masking_fn).
 */
export function collate(
  sequences: readonly Int32Array[],
  { padToken, maxLength, promptLengths, counted }: CollateOptions,
): Batch {
  const rows = sequences.length;
  const longest = sequences.reduce((length, sequence) => Math.max(length, sequence.length), 0);
  const length = Math.min(longest, maxLength);
  const inputs = new Int32Array(rows * length).fill(padToken);
  const targets = new Int32Array(rows * length).fill(padToken);
  for (const [row, sequence] of sequences.entries()) {
    inputs.set(sequence.subarray(0, length), row * length);
    targets.set(sequence.subarray(1, length + 1), row * length);
    const targetsOfRow = targets.subarray(row * length, (row + 1) * length);
    if (counted) {
      keepCounted(counted[row]!, targetsOfRow);
      continue;
    }
    keepFirst(padToken, targetsOfRow);
    if (promptLengths) targetsOfRow.fill(IGNORED, 0, withinPrompt(promptLengths[row]!));
  }
  return { inputs, targets, rows, length };
}

/** How many of a sequence's targets count, which is the response's tokens and the end if there is no cut. */
export function responseTargets(length: number, promptLength: number, maxLength: number): number {
  return Math.max(0, Math.min(length, maxLength) - withinPrompt(promptLength));
}

/** How many targets are tokens of the prompt: its first token is nobody's target. */
function withinPrompt(promptLength: number): number {
  return Math.max(0, promptLength - 1);
}

/** A conversation may hold the pad token, where that ends its turns. */
function keepCounted(counted: Int32Array, targets: Int32Array): void {
  for (let i = 0; i < targets.length; i++) {
    const counts = i + 1 === counted.length ? counted[i] : counted[i + 1];
    if (counts !== 1) targets[i] = IGNORED;
  }
}

function keepFirst(padToken: number, targets: Int32Array): void {
  const first = targets.indexOf(padToken);
  if (first === -1) return;
  for (let i = first + 1; i < targets.length; i++) {
    if (targets[i] === padToken) targets[i] = IGNORED;
  }
}
