import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadEngine } from '../../src/engine/load-engine.ts';
import type { CausalModel } from '../../src/model/network/causal-model.ts';
import { type InstructionItem, renderPrompt, renderResponse } from '../../src/text/prompt/prompt-style.ts';
import { tokenizerFor } from '../../src/text/tokenizer/tokenizer.ts';
import { minimize } from '../../src/training/loop.ts';
import { nextTokens } from '../../src/training/objective/next-tokens.ts';
import type { TrainingData, TrainingOptions } from '../../src/training/state/training-state.ts';
import { bookData } from '../book-data.ts';
import { formulaModel } from '../model/tiny-gpt2.ts';
import { shippedStyle } from '../shipped-style.ts';
import { undisturbed } from './undisturbed.ts';

/** The log of the same training in PyTorch: see book_loop.py. */
interface Golden {
  readonly options: {
    readonly n_layer: number;
    readonly n_head: number;
    readonly n_embd: number;
    readonly n_positions: number;
    readonly vocab_size: number;
    readonly learning_rate: number;
    readonly weight_decay: number;
  };
  readonly log: readonly (readonly [step: number, tokens: number, train: number, validation: number])[];
  readonly batch_lengths: readonly (readonly number[])[];
}
const golden: Golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/book-loop.json'), 'utf8'),
);

/** The texts of the 1,100 records in the book's style. */
async function trainingData(): Promise<TrainingData> {
  const alpaca = shippedStyle('alpaca');
  const items: InstructionItem[] = JSON.parse(
    readFileSync(join(bookData ?? '', 'instruction-data.json'), 'utf8'),
  );
  const tokenizer = await tokenizerFor('gpt2');
  const texts = items.map((item) =>
    tokenizer.encode(renderPrompt(alpaca, item) + renderResponse(alpaca, item)),
  );
  return {
    train: texts.slice(0, 935),
    validation: texts.slice(935 + 110),
    endOfText: tokenizer.endOfText,
    samplePrompt: Int32Array.of(0),
  };
}

function model(): CausalModel {
  const { learning_rate: _, weight_decay: __, ...shape } = golden.options;
  const ends = { eos_token_id: shape.vocab_size - 1, layer_norm_epsilon: 1e-5, tie_word_embeddings: false };
  return formulaModel({ model_type: 'gpt2', ...shape, ...ends });
}

it.skipIf(bookData === undefined)(
  'the log of two epochs on the records of the book is that of PyTorch, line by line, and so is each batch',
  async () => {
    await loadEngine('onnxruntime');
    const data = await trainingData();
    expect(data.endOfText).toBe(golden.options.vocab_size - 1);
    const folder = await mkdtemp(join(tmpdir(), 'pipe-book-loop-'));
    const lengths: number[] = [];
    const { learning_rate, weight_decay } = golden.options;
    const options: TrainingOptions = {
      optimizer: {
        betas: [0.9, 0.999],
        epsilon: 1e-8,
        weightDecay: weight_decay,
        decayOn: 'all',
      },
      learningRate: { schedule: 'constant', peak: learning_rate, warmup: 0, initial: 0, minimum: 0 },
      maxGradNorm: null,
      epochs: 2,
      batchSize: 8,
      rowsAtOnce: 8,
      dropout: 0,
      seed: 123,
      shuffle: 'pytorch',
      maxLength: 1024,
      evalEvery: 5,
      evalBatches: 5,
      keep: 'last',
      earlyStopping: null,
      sampleTokens: 0,
    };
    const trained = model();
    const { history } = await minimize(
      trained,
      nextTokens(trained, data, options),
      data,
      options,
      undisturbed(folder, { onUpdate: ({ tokens }) => lengths.push(tokens / 8) }),
    ).finally(() => rm(folder, { recursive: true }));
    expect([lengths.slice(0, 116), lengths.slice(116)]).toEqual(golden.batch_lengths);
    const log = history.map(({ updates, tokensSeen, trainLoss, validationLoss }) => [
      updates - 1,
      tokensSeen,
      trainLoss,
      validationLoss,
    ]);
    expect(log).toEqual(
      golden.log.map(([step, tokens, ...losses]) => [
        step,
        tokens,
        ...losses.map((loss) => expect.closeTo(loss, 3)),
      ]),
    );
  },
  900_000,
);
