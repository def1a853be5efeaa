import { setImmediate as eventLoop } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import type { Gpt2, KeyValueCache } from './gpt2.ts';

export interface GenerateOptions {
  /** Longest reply, in tokens. */
  readonly maxNewTokens: number;
  /** The token that ends a reply; it is not part of it. */
  readonly endOfText: number;
  /** When aborted, the signal's reason is thrown between two tokens. */
  readonly signal?: AbortSignal;
  /** Called after each step with the number of tokens that it added over all rows. */
  readonly onStep?: (tokens: number) => void;
}

/** One sequence that is being continued. */
interface Row {
  readonly index: number;
  readonly tokens: number[];
  readonly promptLength: number;
}

/**
 * Continues some prompts greedily, all at once: each step takes the likeliest token of every row. As in the
 * book, a model sees the last `n_positions` tokens of prompt and reply. Keys and values of earlier tokens are
 * kept, so a step costs one token a row; rows leave when they end. Returns the reply to each prompt, in order.
 */
export async function generate(
  model: Gpt2,
  prompts: readonly ArrayLike<number>[],
  options: GenerateOptions,
): Promise<number[][]> {
  const { n_positions } = model.config;
  // An empty prompt begins a text, which GPT-2 learnt to do after the end of another.
  const rows = prompts.map((prompt, index): Row => {
    const tokens = prompt.length > 0 ? Array.from(prompt) : [options.endOfText];
    return { index, tokens, promptLength: tokens.length };
  });
  const finished = new Set<Row>();
  const add = (row: Row, token: number): void => {
    if (token !== options.endOfText) row.tokens.push(token);
    const full = row.tokens.length - row.promptLength >= options.maxNewTokens;
    if (token === options.endOfText || full) finished.add(row);
  };
  const short = rows.filter((row) => row.tokens.length <= n_positions);
  await continueWithCache(
    model,
    short,
    options,
    add,
    (row) => finished.has(row) || row.tokens.length > n_positions,
  );
  for (const row of rows) await continueWithWindow(model, row, options, add, () => finished.has(row));
  return rows.map(({ tokens, promptLength }) => tokens.slice(promptLength));
}

type Add = (row: Row, token: number) => void;

/** Continues rows of at most n_positions tokens, in one batch, until each of them is `done`. */
async function continueWithCache(
  model: Gpt2,
  started: readonly Row[],
  options: GenerateOptions,
  add: Add,
  done: (row: Row) => boolean,
): Promise<void> {
  let rows = started;
  if (rows.length === 0 || options.maxNewTokens === 0) return;
  const longest = Math.max(...rows.map(({ tokens }) => tokens.length));
  let padding = rows.map(({ tokens }) => longest - tokens.length);
  // Nothing attends to padding, so any token will do.
  let ids = rows.map(({ tokens }, row) => [...new Array<number>(padding[row]!).fill(0), ...tokens]);
  let cache: KeyValueCache | undefined;
  try {
    while (rows.length > 0) {
      const step = nextTokens(model, ids, padding, cache);
      disposeCache(cache);
      cache = step.cache;
      const next = await readAndDispose(step.next);
      for (const [i, row] of rows.entries()) add(row, next[i]!);
      options.onStep?.(rows.length);
      await eventLoop();
      options.signal?.throwIfAborted();

      const kept = rows.flatMap((row, i) => (done(row) ? [] : [i]));
      if (kept.length < rows.length) {
        const smaller = kept.length > 0 ? rowsOfCache(cache, kept) : undefined;
        disposeCache(cache);
        cache = smaller;
        rows = kept.map((i) => rows[i]!);
        padding = kept.map((i) => padding[i]!);
      }
      ids = rows.map(({ tokens }) => [tokens.at(-1)!]);
    }
  } finally {
    disposeCache(cache);
  }
}

/** Continues a row that has outgrown the model's positions: every step computes its last n_positions tokens anew. */
async function continueWithWindow(
  model: Gpt2,
  row: Row,
  options: GenerateOptions,
  add: Add,
  done: () => boolean,
): Promise<void> {
  while (!done() && options.maxNewTokens > 0) {
    const step = nextTokens(model, [row.tokens.slice(-model.config.n_positions)], undefined, undefined);
    disposeCache(step.cache);
    add(row, (await readAndDispose(step.next))[0]!);
    options.onStep?.(1);
    await eventLoop();
    options.signal?.throwIfAborted();
  }
}

/** The likeliest token after each row of ids [B, T], and the cache that goes on from there. */
function nextTokens(
  model: Gpt2,
  ids: readonly number[][],
  padding: readonly number[] | undefined,
  cache: KeyValueCache | undefined,
): { next: tf.Tensor1D; cache: KeyValueCache } {
  return tf.tidy(() => {
    const [B, T] = [ids.length, ids[0]!.length];
    const past = { ...(cache && { cache }), ...(padding && { padding }) };
    const { hidden, cache: extended } = model.forward(tf.tensor2d(ids as number[][], [B, T], 'int32'), past);
    const last = tf.reshape(tf.slice(hidden, [0, T - 1, 0], [B, 1, -1]), [B, -1]) as tf.Tensor2D; // [B, C]
    return { next: tf.argMax(model.head(last), 1) as tf.Tensor1D, cache: extended };
  });
}

function rowsOfCache(cache: KeyValueCache, rows: readonly number[]): KeyValueCache {
  return tf.tidy(() => {
    const indices = tf.tensor1d(rows as number[], 'int32');
    return cache.map(({ key, value }) => ({
      key: tf.gather(key, indices),
      value: tf.gather(value, indices),
    }));
  });
}

function disposeCache(cache: KeyValueCache | undefined): void {
  for (const { key, value } of cache ?? []) tf.dispose([key, value]);
}

async function readAndDispose(tensor: tf.Tensor): Promise<ArrayLike<number>> {
  try {
    return await tensor.data();
  } finally {
    tensor.dispose();
  }
}
