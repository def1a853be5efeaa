import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { writeModelFolder } from '../../../src/model/files/model-folder.ts';
import { randomWeights } from '../../../src/model/network/random-weights.ts';
import { format } from '../../../src/stages/format/format.ts';
import { split } from '../../../src/stages/split/split.ts';
import { tokenize } from '../../../src/stages/tokenize.ts';
import { train } from '../../../src/stages/train/train.ts';
import { shippedStyle } from '../../shipped-style.ts';
import { freshDirectory, removeDirectories, runStage } from '../run-stage.ts';
import { TINY_BYTES } from '../train-inputs.ts';

afterEach(removeDirectories);

/** The model after two updates on data in that form. */
async function modelOf(name: string, settings: Record<string, unknown> = {}) {
  const model = join(freshDirectory(), 'model');
  await writeModelFolder(model, TINY_BYTES, randomWeights(TINY_BYTES, 3));
  const data = join(import.meta.dirname, '../../golden/data', name);
  const prompt = shippedStyle('plain');
  const formatted = await runStage(format, { with: { prompt, ...settings }, inputs: { data } });
  const parts = await runStage(split, { inputs: { records: formatted.outputs.records! } });
  const tokens = await runStage(tokenize, {
    with: { encoding: 'bytes' },
    inputs: { train: parts.outputs.train!, validation: parts.outputs.validation! },
  });
  const trained = await runStage(train, {
    with: { learning_rate: 0.01, epochs: 1, batch_size: 85, sample_tokens: 5 },
    inputs: { train: tokens.outputs.train!, validation: tokens.outputs.validation!, model },
    engine: 'wasm',
  });
  return trained.digests.model;
}

it('the same data in any form trains the same model', async () => {
  const expected = await modelOf('array.json');
  const fields = { instruction: 'question', input: 'context', output: 'answer' };
  expect(await modelOf('table.csv')).toBe(expected);
  expect(await modelOf('renamed.parquet', { fields })).toBe(expected);
  expect(await modelOf('messages.jsonl')).toBe(expected);
  expect(await modelOf('sharegpt.json', { fields: { messages: 'dialogue' } })).toBe(expected);
}, 120_000);
