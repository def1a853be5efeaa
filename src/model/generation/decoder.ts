import * as tf from '@tensorflow/tfjs-core';
import { IGNORED } from '../../batch/collate.ts';
import { EXACT, FEW_SHAPES, type PackedBatch, packBatch } from '../../batch/packed-batch.ts';
import { type AttentionRows, attention } from '../layers/attention.ts';
import { cachedAttention, continuedAttention, type KeysAndValues } from '../layers/cached-attention.ts';
import { gridOf, inputTensors } from '../network/batch-tensors.ts';
import type { CausalModel } from '../network/causal-model.ts';
import { compilesShapes, flush } from '../network/engine-kernels.ts';
import { type Positions, positionsOf } from '../network/positions.ts';
import { KeyValueCache } from './key-value-cache.ts';

/** Tokens that reading what prompts share once must save: it reads all weights once more. */
const LEAST_SAVED = 32;

/** Called between the parts of a computation, several times a second. If it throws, that error ends it. */
export type BetweenParts = () => Promise<void>;

/** Scores of every token of the vocabulary as the next one of each text [B, V]. */
export type Scores = tf.Tensor2D;

/**
 * Continues B texts together, by a token each at a time. Keys and values of earlier tokens are kept, so a step costs
 * one token a text, and what the prompts have in common is read once. After each block the engine is flushed: where
 * graphs are compiled, all blocks share one.
 */
export class Decoder {
  readonly #model: CausalModel;
  readonly #cache: KeyValueCache;
  readonly #pause: BetweenParts;

  private constructor(model: CausalModel, cache: KeyValueCache, pause: BetweenParts) {
    this.#model = model;
    this.#cache = cache;
    this.#pause = pause;
  }

  /** Reads prompts of 1 to n_positions tokens. The caller disposes of both, the scores and the decoder. */
  static async start(
    model: CausalModel,
    prompts: readonly (readonly number[])[],
    pause: BetweenParts,
  ): Promise<{ decoder: Decoder; scores: Scores }> {
    const shared = sharedTokens(prompts);
    const prefix = shared > 0 ? await readTexts(model, [prompts[0]!.slice(0, shared)], [], pause) : undefined;
    try {
      const rests = prompts.map((prompt) => prompt.slice(shared));
      const { last, layers } = await readTexts(model, rests, prefix?.layers ?? [], pause);
      const lengths = prompts.map(({ length }) => length);
      const decoder = new Decoder(model, new KeyValueCache(layers, lengths), pause);
      return { decoder, scores: scoresOf(model, last) };
    } finally {
      if (prefix) disposeOf(prefix);
    }
  }

  /**
   * Adds a token to each text; the caller disposes of the scores. Those of a text with more than n_positions tokens mean
   * nothing.
   */
  async step(tokens: readonly number[]): Promise<Scores> {
    const model = this.#model;
    const places = this.#cache.lengths.map((length) => Math.min(length, model.config.n_positions - 1));
    const positions = positionsOf(model.config, Int32Array.from(places));
    const whole = this.#cache.mask();
    const windowed = model.window === undefined ? whole : this.#cache.mask(model.window);
    try {
      const embedded = tf.tidy(() => model.embed(tf.tensor1d(tokens as number[], 'int32'), positions));
      const { rows, layers } = await passBlocks(model, embedded, positions, this.#pause, (rows, layer) => {
        const { heads, window } = model.attention[layer]!;
        const mask = window === undefined ? whole : windowed;
        const { y, added } = cachedAttention(rows, this.#cache.layer(layer), mask, heads);
        return { y, saved: added };
      });
      this.#cache.add(layers);
      return scoresOf(model, rows);
    } finally {
      tf.dispose({ whole, windowed, positions });
    }
  }

  /** Continues with only some of the texts, in this order. */
  keep(texts: readonly number[]): void {
    this.#cache.keep(texts);
  }

  dispose(): void {
    this.#cache.dispose();
  }
}

/** What the last block makes of the last token of each text [B, C], and what each block keeps of all tokens. */
interface Read {
  readonly last: tf.Tensor2D;
  readonly layers: readonly KeysAndValues[];
}

/** Reads texts, each of which continues the tokens whose keys and values `past` [1, heads, P, D] holds, if there are any. */
async function readTexts(
  model: CausalModel,
  texts: readonly (readonly number[])[],
  past: readonly KeysAndValues[],
  pause: BetweenParts,
): Promise<Read> {
  const before = past[0]?.key.shape[2] ?? 0;
  const inputs = inputTensors(model, packTexts(texts), before);
  const { counted, ids, positions } = inputs;
  try {
    const embedded = tf.tidy(() => model.embed(ids, positions));
    const { rows, layers } = await passBlocks(model, embedded, positions, pause, (rows, layer) => {
      const { heads, window } = model.attention[layer]!;
      const grid = gridOf(inputs, window);
      const earlier = past[layer];
      if (earlier) {
        const { y, all } = continuedAttention(rows, grid, earlier, heads);
        return { y, saved: all };
      }
      return attention(rows, grid, heads);
    });
    const last = tf.tidy(() => tf.gather(rows, tf.slice(counted, 0, texts.length)));
    rows.dispose();
    return { last, layers };
  } finally {
    tf.dispose(inputs);
  }
}

/** The texts without padding, as a batch in which only the last token of each predicts what follows. */
function packTexts(texts: readonly (readonly number[])[]): PackedBatch {
  const length = Math.max(...texts.map((text) => text.length));
  const inputs = new Int32Array(texts.length * length);
  const targets = new Int32Array(inputs.length).fill(IGNORED);
  for (const [place, text] of texts.entries()) {
    inputs.set(text, place * length);
    targets[place * length + text.length - 1] = 0;
  }
  // The texts that continue it would see the slots that fill it up.
  const granularity = compilesShapes() && texts.length > 1 ? FEW_SHAPES : EXACT;
  return packBatch({ inputs, targets, rows: texts.length, length }, granularity);
}

/** How many tokens at the beginning of all prompts are read once, because they are the same; 0 where that pays little. */
function sharedTokens(prompts: readonly (readonly number[])[]): number {
  const [first, ...others] = prompts;
  const most = Math.min(...prompts.map(({ length }) => length)) - 1;
  let shared = 0;
  while (shared < most && others.every((prompt) => prompt[shared] === first![shared])) shared++;
  return shared * others.length >= LEAST_SAVED ? shared : 0;
}

function disposeOf({ last, layers }: Read): void {
  last.dispose();
  for (const { key, value } of layers) tf.dispose([key, value]);
}

type AttendIn = (rows: AttentionRows, layer: number) => { y: tf.Tensor2D; saved: KeysAndValues };

/** Takes rows [N, C] through all blocks, and returns what each of them keeps. Disposes of the rows. */
async function passBlocks(
  model: CausalModel,
  embedded: tf.Tensor2D,
  positions: Positions,
  pause: BetweenParts,
  attend: AttendIn,
): Promise<{ rows: tf.Tensor2D; layers: KeysAndValues[] }> {
  const layers: KeysAndValues[] = [];
  let rows = embedded;
  try {
    for (let layer = 0; layer < model.config.n_layer; layer++) {
      const { y, key, value } = tf.tidy(() => {
        const { y, saved } = model.block(layer, rows, positions, (of) => attend(of, layer));
        return { y, key: saved.attention.key, value: saved.attention.value };
      });
      rows.dispose();
      rows = y;
      layers.push({ key, value });
      flush();
      await pause();
    }
    return { rows, layers };
  } catch (error) {
    rows.dispose();
    for (const { key, value } of layers) tf.dispose([key, value]);
    throw error;
  }
}

/** The scores of the next tokens, given the last block's rows [B, C], which are disposed of. */
function scoresOf(model: CausalModel, rows: tf.Tensor2D): Scores {
  const scores = tf.tidy(() => model.head(model.finalNorm(rows)));
  rows.dispose();
  return scores;
}
