import { setImmediate as eventLoop } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import type { CausalModel } from '../network/causal-model.ts';
import { compilesShapes } from '../network/engine-kernels.ts';
import { Decoder, type Scores } from './decoder.ts';

export interface GenerateOptions {
  /** Longest reply, in tokens. */
  readonly maxNewTokens: number;
  /** The token that ends a reply; it is not part of it. */
  readonly endOfText: number;
  /** Further tokens that end a reply. */
  readonly otherEnds?: readonly number[];
  /** Tokens that are never chosen: no text belongs to them. */
  readonly never?: readonly number[];
  /**
   * The next token of a prompt, given by its place, from the scores of all tokens and the text so far, prompt included; the
   * likeliest where absent.
   */
  readonly choose?: (scores: Float32Array, prompt: number, text: readonly number[]) => number;
  /** Whether a reply is complete, though its end of text was not reached; asked after each of its tokens. */
  readonly isComplete?: (reply: readonly number[]) => boolean;
  /** When aborted, the signal's reason is thrown, at the latest before the next token. */
  readonly signal?: AbortSignal;
  /** Called several times a second with the number of tokens that were added since, over all prompts. */
  readonly onProgress?: (tokens: number) => void;
}

/** One sequence that is being continued. */
interface Row {
  readonly prompt: number;
  readonly tokens: number[];
  readonly promptLength: number;
  finished: boolean;
}

/**
 * Continues some prompts, all at once: each step adds a token to every row. As in the book, a model sees the last
 * `n_positions` tokens of prompt and reply. Rows leave when they end. Returns the reply to each prompt, in order.
 */
export async function generate(
  model: CausalModel,
  prompts: readonly ArrayLike<number>[],
  options: GenerateOptions,
): Promise<number[][]> {
  const rows = prompts.map((prompt, index): Row => {
    // An empty prompt begins a text, which GPT-2 learnt to do after the end of another.
    const tokens = prompt.length > 0 ? Array.from(prompt) : [options.endOfText];
    return {
      prompt: index,
      tokens,
      promptLength: tokens.length,
      finished: options.maxNewTokens === 0,
    };
  });
  await new Generation(model, options).run(rows);
  return rows.map(({ tokens, promptLength }) => tokens.slice(promptLength));
}

/** A place in the batch, whose row may have left it. */
type Slot = Row | undefined;

class Generation {
  readonly #model: CausalModel;
  readonly #options: GenerateOptions;

  constructor(model: CausalModel, options: GenerateOptions) {
    this.#model = model;
    this.#options = options;
  }

  async run(rows: readonly Row[]): Promise<void> {
    await this.#continueWithCache(rows.filter((row) => this.#goesOn(row)));
    for (const row of rows) await this.#continueWithWindow(row);
  }

  /** Continues rows of at most n_positions tokens, until each of them is finished or has outgrown the positions. */
  async #continueWithCache(started: readonly Row[]): Promise<void> {
    if (started.length === 0) return;
    let slots: Slot[] = [...started];
    const sequences = started.map(({ tokens }) => tokens);
    const { decoder, scores } = await Decoder.start(this.#model, sequences, this.#pause);
    try {
      await this.#addTokens(slots, scores);
      for (;;) {
        slots = slots.map((row) => (row && this.#goesOn(row) ? row : undefined));
        const taken = slots.flatMap((row, slot) => (row ? [slot] : []));
        if (taken.length === 0) return;
        if (shallShrink(slots.length, taken.length)) {
          decoder.keep(taken);
          slots = taken.map((slot) => slots[slot]);
        }
        const newest = slots.map((row) => row?.tokens.at(-1) ?? 0);
        await this.#addTokens(slots, await decoder.step(newest));
      }
    } finally {
      decoder.dispose();
    }
  }

  /** Continues a row that has outgrown the model's positions: each step reads its last n_positions tokens anew. */
  async #continueWithWindow(row: Row): Promise<void> {
    while (!row.finished) {
      const window = row.tokens.slice(-this.#model.config.n_positions);
      const { decoder, scores } = await Decoder.start(this.#model, [window], this.#pause);
      decoder.dispose();
      await this.#addTokens([row], scores);
    }
  }

  /** Adds the next token to each row; disposes of the scores. */
  async #addTokens(slots: readonly Slot[], scores: Scores): Promise<void> {
    const next = await this.#choose(slots, scores);
    for (const [slot, row] of slots.entries()) if (row) this.#addToken(row, next[slot]!);
    this.#options.onProgress?.(slots.filter(Boolean).length);
  }

  #addToken(row: Row, token: number): void {
    const { maxNewTokens, endOfText, otherEnds, isComplete } = this.#options;
    const ends = token === endOfText || otherEnds?.includes(token) === true;
    if (!ends) row.tokens.push(token);
    const reply = row.tokens.slice(row.promptLength);
    row.finished = ends || reply.length === maxNewTokens || isComplete?.(reply) === true;
  }

  async #choose(slots: readonly Slot[], scores: Scores): Promise<ArrayLike<number>> {
    const { choose, never = [] } = this.#options;
    if (!choose) return likeliest(never.length === 0 ? scores : withoutThese(scores, never));
    const all = await readAndDispose<'float32'>(scores);
    const size = all.length / slots.length;
    for (const i of slots.keys()) for (const id of never) all[i * size + id] = -Infinity;
    const scoresOf = (slot: number) => all.subarray(slot * size, (slot + 1) * size);
    return slots.map((row, slot) => (row ? choose(scoresOf(slot), row.prompt, row.tokens) : 0));
  }

  readonly #pause = async (): Promise<void> => {
    this.#options.onProgress?.(0);
    await eventLoop();
    this.#options.signal?.throwIfAborted();
  };

  /** Whether a row is to be continued and the model can see all of it. */
  #goesOn({ finished, tokens }: Row): boolean {
    return !finished && tokens.length <= this.#model.config.n_positions;
  }
}

/**
 * Whether slots of rows that have left are given up. If shapes are compiled, that pays only for half of them:
 * so few sizes occur, and a step takes little less with fewer rows.
 */
function shallShrink(slots: number, taken: number): boolean {
  return compilesShapes() ? taken <= slots / 2 : taken < slots;
}

/** Scores in which some tokens cannot be the highest; disposes of the ones given. */
function withoutThese(scores: Scores, never: readonly number[]): Scores {
  const added = new Float32Array(scores.shape[1]);
  for (const id of never) added[id] = -Infinity;
  const masked = tf.tidy(() => tf.add<tf.Tensor2D>(scores, tf.tensor2d(added, [1, added.length])));
  scores.dispose();
  return masked;
}

async function likeliest(scores: Scores): Promise<ArrayLike<number>> {
  const tokens = tf.argMax(scores, 1);
  scores.dispose();
  return readAndDispose<'int32'>(tokens);
}

async function readAndDispose<Type extends 'float32' | 'int32'>(
  tensor: tf.Tensor,
): Promise<tf.DataTypeMap[Type]> {
  try {
    return await tensor.data<Type>();
  } finally {
    tensor.dispose();
  }
}
