import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../../../src/engine/load-engine.ts';
import { generate } from '../../../src/model/generation/generate.ts';
import { candidates } from '../../../src/model/generation/sampling.ts';
import type { CausalModel } from '../../../src/model/network/causal-model.ts';
import { logits } from '../logits.ts';
import { TINY, tinyGpt2, tinyTokens } from '../tiny-gpt2.ts';

/** No token of the tiny model: a reply never ends by itself. */
const NEVER = -1;

describe.each(['cpu', 'wasm', 'onnxruntime'] as const)('greedy generation on %s', (engine) => {
  let model: CausalModel;
  let turned: CausalModel;
  beforeAll(async () => {
    await loadEngine(engine);
    [model, turned] = [tinyGpt2(true), tinyGpt2(true)];
    turned.turn();
  });
  afterAll(() => {
    model.dispose();
    turned.dispose();
  });

  /** The book's way: all of the sequence, cut to the last n_positions tokens, is computed for each token. */
  function fromScratch(prompt: readonly number[], count: number, never: readonly number[] = []): number[] {
    const sequence = [...prompt];
    for (let i = 0; i < count; i++) {
      const next = tf.tidy(() => {
        const window = sequence.slice(-TINY.n_positions);
        const scores = logits(model, tf.tensor2d([window], undefined, 'int32'));
        const last = tf.slice(scores, [0, window.length - 1, 0], [1, 1, -1]).dataSync();
        for (const id of never) last[id] = -Infinity;
        return last.indexOf(Math.max(...last));
      });
      sequence.push(next);
    }
    return sequence.slice(prompt.length);
  }

  it('gives the tokens that computing everything anew gives, beyond n_positions too', async () => {
    const prompt = tinyTokens('a prompt', 5);
    const [reply] = await generate(model, [prompt], { maxNewTokens: 30, endOfText: NEVER });
    expect(reply).toEqual(fromScratch(prompt, 30));
  });

  it('never chooses tokens that are ruled out, but the likeliest of the others', async () => {
    const prompts = [tinyTokens('one', 3), tinyTokens('another', 6)].map((ids) => [...ids]);
    const free = await generate(model, prompts, { maxNewTokens: 8, endOfText: NEVER });
    const never = [...new Set(free.flat())];
    const replies = await generate(model, prompts, { maxNewTokens: 8, endOfText: NEVER, never });
    expect(replies).toEqual(prompts.map((prompt) => fromScratch(prompt, 8, never)));
    const seen: number[] = [];
    const choose = (scores: Float32Array) => {
      const { tokens } = candidates(scores, { temperature: 100 });
      seen.push(...tokens);
      return tokens.at(-1)!;
    };
    await generate(model, prompts, { maxNewTokens: 4, endOfText: NEVER, never, choose });
    expect(seen.filter((token) => never.includes(token))).toEqual([]);
  });

  it('ends at any of several tokens', async () => {
    const prompt = [...tinyTokens('a prompt', 5)];
    const whole = fromScratch(prompt, 12);
    const options = { maxNewTokens: 12, endOfText: NEVER, otherEnds: [whole[7]!, 999] };
    const [reply] = await generate(model, [prompt], options);
    expect(reply).toEqual(whole.slice(0, whole.indexOf(whole[7]!)));
  });

  it('gives each of a batch of prompts, whatever their lengths, the reply it gets alone, also with turned matrices', async () => {
    const prompts = fc.array(fc.array(fc.nat(TINY.vocab_size - 1), { minLength: 1, maxLength: 27 }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(prompts, async (batch) => {
        const replies = await generate(model, batch, { maxNewTokens: 5, endOfText: NEVER });
        expect(replies).toEqual(batch.map((prompt) => fromScratch(prompt, 5)));
        expect(await generate(turned, batch, { maxNewTokens: 5, endOfText: NEVER })).toEqual(replies);
      }),
      { numRuns: 15 },
    );
  });

  it('gives prompts that begin alike the replies they get alone', async () => {
    const beginning = tinyTokens('what they share', 13);
    const rests = fc.array(fc.array(fc.nat(TINY.vocab_size - 1), { minLength: 1, maxLength: 8 }), {
      minLength: 4,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(rests, async (rests) => {
        const batch = rests.map((rest) => [...beginning, ...rest]);
        const replies = await generate(model, batch, { maxNewTokens: 4, endOfText: NEVER });
        expect(replies).toEqual(batch.map((prompt) => fromScratch(prompt, 4)));
      }),
      { numRuns: 6 },
    );
  });

  it('takes the tokens that it is told to choose from the scores, of each prompt', async () => {
    const prompts = [tinyTokens('a', 3), tinyTokens('b', 6), tinyTokens('c', 22)];
    const greedy = await generate(model, prompts, { maxNewTokens: 6, endOfText: NEVER });
    const likeliest = (scores: Float32Array) => scores.indexOf(Math.max(...scores));
    const chosen = await generate(model, prompts, { maxNewTokens: 6, endOfText: NEVER, choose: likeliest });
    expect(chosen).toEqual(greedy);
    const told = await generate(model, prompts, {
      maxNewTokens: 6,
      endOfText: NEVER,
      choose: (_, prompt) => prompt,
    });
    expect(told).toEqual(prompts.map((_, prompt) => new Array(6).fill(prompt)));
  });

  it('ends a reply that is complete, with the token that made it so', async () => {
    const prompts = [tinyTokens('a', 3), tinyTokens('b', 6)];
    const unended = await generate(model, prompts, { maxNewTokens: 6, endOfText: NEVER });
    const last = unended[0]![2]!;
    const replies = await generate(model, prompts, {
      maxNewTokens: 6,
      endOfText: NEVER,
      isComplete: (reply) => reply.at(-1) === last,
    });
    expect(replies).toEqual(
      unended.map((reply) => (reply.includes(last) ? reply.slice(0, reply.indexOf(last) + 1) : reply)),
    );
  });

  it('ends a reply before the end of text, while the other rows go on', async () => {
    const prompts = [tinyTokens('a', 3), tinyTokens('b', 6), tinyTokens('c', 4)];
    const unended = prompts.map((prompt) => fromScratch(prompt, 8));
    const endOfText = unended[1]![2]!;
    const expected = unended.map((reply) =>
      reply.includes(endOfText) ? reply.slice(0, reply.indexOf(endOfText)) : reply,
    );
    const steps: number[] = [];
    const replies = await generate(model, prompts, {
      maxNewTokens: 8,
      endOfText,
      onProgress: (n) => steps.push(n),
    });
    expect(replies).toEqual(expected);
    const added = steps.filter((count) => count > 0);
    expect(added[0]).toBe(3);
    expect(added.at(-1)).toBeLessThan(3);
  });

  it('replies nothing where no token is allowed, and begins a text where the prompt is empty', async () => {
    expect(await generate(model, [[1, 2]], { maxNewTokens: 0, endOfText: 60 })).toEqual([[]]);
    expect(await generate(model, [[]], { maxNewTokens: 3, endOfText: 3 })).toEqual([fromScratch([3], 3)]);
  });

  it('leaves no tensors behind, also when it is aborted', async () => {
    const before = tf.memory().numTensors;
    const stored = tf.backend().numDataIds();
    const prompts = [tinyTokens('a', 3), tinyTokens('b', 9)];
    await generate(model, prompts, { maxNewTokens: 6, endOfText: NEVER });
    const controller = new AbortController();
    const aborted = generate(model, prompts, {
      maxNewTokens: 6,
      endOfText: NEVER,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('stop here')),
    });
    await expect(aborted).rejects.toThrow('stop here');
    expect(tf.memory().numTensors).toBe(before);
    expect(tf.backend().numDataIds()).toBe(stored);
  });
});
