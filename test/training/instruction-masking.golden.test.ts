import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IGNORED } from '../../src/batch/collate.ts';
import { loadEngine } from '../../src/engine/load-engine.ts';
import { SafetensorsFile } from '../../src/model/files/safetensors.ts';
import type { Gradients } from '../../src/model/network/training-pass.ts';
import { renderPrompt, renderResponse } from '../../src/text/prompt/prompt-style.ts';
import { tokenizerFor } from '../../src/text/tokenizer/tokenizer.ts';
import { collated, meanLossGradients } from '../../src/training/objective/batch-loss.ts';
import type { TrainingData } from '../../src/training/state/training-state.ts';
import { formulaModel } from '../model/tiny-gpt2.ts';
import { shippedStyle } from '../shipped-style.ts';

/** The records of instruction_masking.py. */
const RECORDS = [
  { instruction: 'Name the capital of France.', input: '', output: 'Paris.' },
  { instruction: 'Spell the word backwards.', input: 'lamp', output: 'pmal' },
  { instruction: 'Which is larger?', input: '7 or 12', output: '12 is larger than 7, by 5.' },
  {
    instruction: "Give a word that rhymes with 'tree'.",
    input: '',
    output: "A word that rhymes with it is 'bee'.",
  },
];
const BATCH = RECORDS.map((_, i) => i);
const TOLERANCE = 1e-5;

describe.each(['cpu', 'onnxruntime'] as const)('a batch of records on %s', (engine) => {
  let golden: SafetensorsFile;
  let vocabulary: number[];
  let data: Required<Omit<TrainingData, 'counted'>>;

  beforeAll(async () => {
    await loadEngine(engine);
    golden = await SafetensorsFile.open(
      fileURLToPath(new URL('../golden/instruction-masking.safetensors', import.meta.url)),
    );
    vocabulary = [...(await golden.readInts('vocabulary'))];
    data = await trainingData(vocabulary);
  });
  afterAll(() => golden.close());

  it("has the targets of the book's exercise where instructions are masked", async () => {
    const { targets } = collated('train', BATCH, data, { maxLength: 1024 });
    const ids = targets.map((target) => (target === IGNORED ? target : vocabulary[target]!));
    expect(ids).toEqual(await golden.readInts('targets'));
  });

  it.each([
    ['tied', 'masked'],
    ['tied', 'unmasked'],
    ['untied', 'masked'],
    ['untied', 'unmasked'],
  ] as const)(
    "has PyTorch's loss and gradient of every parameter: head %s, instructions %s",
    async (head, mask) => {
      const model = formulaModel({
        model_type: 'gpt2',
        n_layer: 1,
        n_head: 2,
        n_embd: 8,
        n_positions: 64,
        vocab_size: vocabulary.length,
        layer_norm_epsilon: 1e-5,
        eos_token_id: data.endOfText,
        tie_word_embeddings: head === 'tied',
      });
      const { promptLengths, ...unmasked } = data;
      const batch = collated('train', BATCH, mask === 'masked' ? data : unmasked, { maxLength: 1024 });
      const gradients: Gradients = new Map();
      const loss = await meanLossGradients(model, batch, BATCH.length, gradients, async () => {});

      const [expectedLoss] = await golden.readFloats(`${head}/${mask}/loss`);
      expect(Math.abs(loss - expectedLoss!)).toBeLessThan(TOLERANCE);
      expect([...gradients.keys()].sort()).toEqual([...model.parameters.keys()].sort());
      for (const [name, gradient] of gradients) {
        const expected = await golden.readFloats(`${head}/${mask}/gradient/${name}`);
        const actual = await gradient.data();
        const furthest = Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)));
        expect(furthest, name).toBeLessThan(TOLERANCE);
      }
      tf.dispose([...gradients.values()]);
      model.dispose();
    },
  );
});

/** The records in the alpaca style, their tokens numbered as PyTorch's script numbers them. */
async function trainingData(vocabulary: readonly number[]): Promise<Required<Omit<TrainingData, 'counted'>>> {
  const alpaca = shippedStyle('alpaca');
  const tokenizer = await tokenizerFor('gpt2');
  const prompts = RECORDS.map((record) => renderPrompt(alpaca, record));
  const train = RECORDS.map((record, i) =>
    tokenizer.encode(prompts[i] + renderResponse(alpaca, record)).map((id) => vocabulary.indexOf(id)),
  );
  const promptLengths = prompts.map((prompt) => tokenizer.encode(prompt).length);
  return {
    train,
    validation: [],
    endOfText: vocabulary.indexOf(tokenizer.endOfText),
    samplePrompt: Int32Array.of(),
    otherEnds: [],
    never: [],
    promptLengths: { train: promptLengths, validation: [] },
  };
}
