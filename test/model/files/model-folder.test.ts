import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadEngine } from '../../../src/engine/load-engine.ts';
import type { ModelFolder } from '../../../src/model/files/folder-weights.ts';
import { ModelFileError } from '../../../src/model/files/model-file-error.ts';
import { loadModel, readConfig, saveModel, writeModelFolder } from '../../../src/model/files/model-folder.ts';
import { type TensorSource, writeSafetensors } from '../../../src/model/files/safetensors.ts';
import { randomWeights } from '../../../src/model/network/random-weights.ts';
import { TINY } from '../tiny-gpt2.ts';

const TIED = { ...TINY, tie_word_embeddings: true };
const UNTIED = { ...TINY, tie_word_embeddings: false };

let directory: string;
beforeAll(() => loadEngine('cpu'));
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pipe-model-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const folder = (path: string): ModelFolder => ({
  file: (name) => (existsSync(join(path, name)) ? join(path, name) : undefined),
});
const bytes = (name: string) => readFileSync(join(directory, name));
const write = (name: string, content: string) => writeFileSync(join(directory, name), content);

/** Writes a folder whose weights file holds `sources` instead of what the configuration wants. */
async function writeFolder(config: typeof TIED, sources: readonly TensorSource[]): Promise<void> {
  await writeModelFolder(directory, config, randomWeights(config, 1));
  await writeSafetensors(join(directory, 'model.safetensors'), sources);
}

/** Loads the folder, and says what the tied embedding holds. */
async function loadedEmbedding(): Promise<Float32Array> {
  const model = await loadModel(folder(directory));
  const values = (await model.parameters.get('transformer.wte.weight')!.data()) as Float32Array;
  model.dispose();
  return values;
}
const refusal = async () => {
  const error = await loadModel(folder(directory)).catch((caught: unknown) => caught);
  if (error instanceof ModelFileError) return error;
  throw new Error('the folder was not refused');
};
const size = ({ shape }: TensorSource) => shape.reduce((product, length) => product * length, 1);
const embedding = (source: readonly TensorSource[]) =>
  source.find(({ name }) => name === 'transformer.wte.weight')!.bytes() as Float32Array;

describe('a model folder', () => {
  it.each([
    ['tied', TIED],
    ['untied', UNTIED],
  ] as const)('with the head %s is the same after loading and saving', async (_, config) => {
    await writeModelFolder(directory, config, randomWeights(config, 1));
    write('vocab.json', '{"a":0}');
    write('merges.txt', '#version: 0.2\n');
    const before = tf.memory().numTensors;
    const model = await loadModel(folder(directory));
    const copy = join(directory, 'copy');
    await saveModel(copy, model, folder(directory));
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
    for (const name of [
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'vocab.json',
      'merges.txt',
    ]) {
      expect(bytes(`copy/${name}`).equals(bytes(name)), name).toBe(true);
    }
    expect(await readConfig(folder(copy))).toEqual(config);
  });

  it('may leave out `transformer.` and hold what old versions of transformers saved', async () => {
    const sources = randomWeights(TIED, 1);
    const mask: TensorSource = {
      name: 'h.0.attn.bias',
      dtype: 'U8',
      shape: [4],
      bytes: () => new Uint8Array(4),
    };
    const others = [mask, { ...mask, name: 'h.1.attn.masked_bias' }, { ...mask, name: 'lm_head.weight' }];
    await writeFolder(TIED, [
      ...sources.map((s) => ({ ...s, name: s.name.replace('transformer.', '') })),
      ...others,
    ]);
    expect(await loadedEmbedding()).toEqual(embedding(sources));
  });

  it('may hold its weights in several files', async () => {
    const sources = randomWeights(TIED, 1);
    await writeFolder(TIED, []);
    rmSync(join(directory, 'model.safetensors'));
    const half = Math.floor(sources.length / 2);
    const shards = {
      'model-1.safetensors': sources.slice(0, half),
      'model-2.safetensors': sources.slice(half),
    };
    const map: Record<string, string> = {};
    for (const [file, part] of Object.entries(shards)) {
      await writeSafetensors(join(directory, file), part);
      for (const { name } of part) map[name] = file;
    }
    write('model.safetensors.index.json', JSON.stringify({ weight_map: map }));
    expect(await loadedEmbedding()).toEqual(embedding(sources));
  });

  it('may be of half precision', async () => {
    const sources = randomWeights(TIED, 1);
    const half = sources.map((source): TensorSource => {
      const values = source.bytes() as Float32Array;
      const upper = () => Uint16Array.from(new Uint32Array(values.slice().buffer), (bits) => bits >>> 16);
      return { ...source, dtype: 'BF16', bytes: upper };
    });
    await writeFolder(TIED, half);
    const [loaded, original] = [await loadedEmbedding(), embedding(sources)];
    expect(Math.max(...loaded.map((value, i) => Math.abs(value - original[i]!)))).toBeLessThan(0.001);
  });
});

describe('weights in several files', () => {
  const SHARDS = ['model-1.safetensors', 'model-2.safetensors'] as const;
  const sources = randomWeights(TIED, 1);
  const half = Math.floor(sources.length / 2);
  const parts = [sources.slice(0, half), sources.slice(half)] as const;
  const map: Record<string, string> = Object.fromEntries(
    parts.flatMap((part, i) => part.map(({ name }) => [name, SHARDS[i]!])),
  );

  /** Writes two files and an index, which may say something else. */
  async function writeShards(written: readonly (readonly TensorSource[])[], said = map): Promise<void> {
    await writeFolder(TIED, []);
    rmSync(join(directory, 'model.safetensors'));
    for (const [i, part] of written.entries()) await writeSafetensors(join(directory, SHARDS[i]!), part);
    write('model.safetensors.index.json', JSON.stringify({ weight_map: said }));
  }

  it('are ignored, whatever their index says, where there is one file: as in transformers', async () => {
    const old = parts.map((part) => part.map((s) => ({ ...s, bytes: () => new Float32Array(size(s)) })));
    await writeShards(old);
    await writeSafetensors(join(directory, 'model.safetensors'), sources);
    expect(await loadedEmbedding()).toEqual(embedding(sources));
  });

  it('are refused where a file is missing, which says the index', async () => {
    await writeShards([parts[0]]);
    expect(await refusal()).toMatchObject({
      message: 'model.safetensors.index.json: it names the file model-2.safetensors, which is not there',
      files: ['model.safetensors.index.json'],
    });
  });

  it('are refused where a tensor is in two of them', async () => {
    await writeShards([parts[0], [...parts[1], parts[0][0]!]]);
    expect(await refusal()).toMatchObject({
      message: `tensor ${parts[0][0]!.name} is in both model-1.safetensors and model-2.safetensors`,
      files: ['model.safetensors.index.json', ...SHARDS],
    });
  });

  it('are refused where a tensor is not in the file that the index names', async () => {
    const { name } = parts[0][0]!;
    await writeShards(parts, { ...map, [name]: SHARDS[1] });
    expect((await refusal()).message).toBe(
      `model.safetensors.index.json: tensor ${name} should be in model-2.safetensors, but it is in model-1.safetensors`,
    );
    await writeShards([parts[0].slice(1), parts[1]]);
    expect((await refusal()).message).toBe(
      `model.safetensors.index.json: tensor ${name} should be in model-1.safetensors, which does not have it`,
    );
  });
});

describe('weights that are none', () => {
  const POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12\n';
  it.each([
    ['a git-lfs pointer', POINTER, 'a git-lfs pointer, not the weights', 'run: git lfs pull'],
    ['a web page', '<!DOCTYPE html><html></html>', 'a web page, not the weights', 'Download the file again.'],
    [
      'an archive of torch.save',
      'PK\u0003\u0004rest',
      'a pickle of PyTorch, not safetensors',
      'transformers',
    ],
    ['rubbish', 'some text that is none', 'not a safetensors file: a header of', 'download it again'],
  ])('are named as the user knows them: %s', async (_, content, message, hint) => {
    await writeFolder(TIED, []);
    write('model.safetensors', content);
    const error = await refusal();
    expect(error.message).toContain(`model.safetensors: ${message}`);
    if (hint) expect(error.hint).toContain(hint);
  });

  it.each(['pytorch_model.bin', 'tf_model.h5', 'adapter_model.safetensors'])(
    'are named where a folder has only %s',
    async (name) => {
      await writeFolder(TIED, []);
      rmSync(join(directory, 'model.safetensors'));
      write(name, 'bytes');
      const error = await refusal();
      expect(error.message).toContain(`the model folder has no model.safetensors. It has ${name}: `);
      expect(error.hint).toContain(".save_pretrained('FOLDER')");
    },
  );
});

describe('a model folder is refused', () => {
  it('where its index is none', async () => {
    await writeFolder(TIED, []);
    rmSync(join(directory, 'model.safetensors'));
    for (const [content, message] of [
      ['{', 'model.safetensors.index.json: not JSON'],
      ['[]', 'model.safetensors.index.json: not a JSON object'],
      ['{}', 'there is no weight_map'],
      ['{"weight_map":{}}', 'weight_map names no file'],
      ['{"weight_map":{"a":3}}', '3 is not the name of a safetensors file'],
    ] as const) {
      write('model.safetensors.index.json', content);
      await expect(loadModel(folder(directory))).rejects.toThrow(message);
    }
  });

  const cases: [string, (sources: TensorSource[]) => TensorSource[], string][] = [
    [
      'where a tensor has another shape',
      (sources) => sources.map((s) => (s.name.endsWith('wpe.weight') ? { ...s, shape: [16, 24] } : s)),
      'tensor transformer.wpe.weight is [16,24], config.json makes it [24,16]',
    ],
    [
      'where a tensor is missing',
      (sources) => sources.filter(({ name }) => name !== 'transformer.ln_f.bias'),
      'tensor transformer.ln_f.bias [16] is missing',
    ],
    [
      'where a tensor belongs to another kind of model',
      (sources) => [...sources, { ...sources[0]!, name: 'classifier.weight' }],
      'tensor classifier.weight [61,16] is not part of a GPT-2',
    ],
  ];
  it.each(cases)('%s', async (_, change, message) => {
    await writeFolder(TIED, change(randomWeights(TIED, 1)));
    const before = tf.memory().numTensors;
    await expect(loadModel(folder(directory))).rejects.toThrow(`model.safetensors: ${message}`);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('where its head should be of its own but is not there', async () => {
    await writeFolder(UNTIED, randomWeights(TIED, 1));
    await expect(loadModel(folder(directory))).rejects.toThrow('tensor lm_head.weight [61,16] is missing');
  });

  it('where a file is missing', async () => {
    await expect(loadModel(folder(directory))).rejects.toThrow('the model folder has no config.json');
    await writeModelFolder(directory, TIED, []);
    rmSync(join(directory, 'model.safetensors'));
    await expect(loadModel(folder(directory))).rejects.toThrow('the model folder has no model.safetensors');
  });

  it.each([
    ['{', 'not JSON'],
    [
      '{"model_type": "mamba"}',
      'model_type is "mamba", only gpt2, llama, qwen2, qwen3, and gemma3_text are supported',
    ],
    [
      '{"activation_function": "gelu"}',
      'activation_function is "gelu", only gelu_new or gelu_pytorch_tanh is supported',
    ],
    ['{"n_layer": 0}', 'n_layer is 0, expected a positive integer'],
    ['{"n_layer": 1, "n_head": 3, "n_embd": 8, "vocab_size": 9}', 'n_embd 8 is not a multiple of n_head 3'],
    [
      '{"n_layer": 1, "n_head": 2, "n_embd": 8, "vocab_size": 9, "n_inner": 9}',
      'n_inner is 9, only 4 × n_embd is supported',
    ],
  ])('where config.json is %s', async (content, message) => {
    mkdirSync(directory, { recursive: true });
    write('config.json', content);
    await expect(readConfig(folder(directory))).rejects.toThrow(`config.json: ${message}`);
  });

  it.each(['constructor', '__proto__', 'toString', ['mistral']])(
    'without a word about a type of model that nobody knows: %j',
    async (type) => {
      mkdirSync(directory, { recursive: true });
      write('config.json', JSON.stringify({ model_type: type }));
      await expect(readConfig(folder(directory))).rejects.toMatchObject({ hint: undefined });
    },
  );
});
