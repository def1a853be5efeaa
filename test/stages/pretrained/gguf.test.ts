import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { loadEngine } from '../../../src/engine/load-engine.ts';
import type { ModelFolder } from '../../../src/model/files/folder-weights.ts';
import { type GgufTensor, type GgufValue, writeGguf } from '../../../src/model/files/gguf/gguf.ts';
import { readGgufHeader } from '../../../src/model/files/gguf/gguf-header.ts';
import { loadModel, readConfig } from '../../../src/model/files/model-folder.ts';
import { SafetensorsFile } from '../../../src/model/files/safetensors.ts';
import { readModelTokenizer } from '../../../src/model/files/tokenizer/model-tokenizer.ts';
import { exportStage } from '../../../src/stages/export/export.ts';
import { pretrained } from '../../../src/stages/pretrained/pretrained.ts';
import { writeExportedModel } from '../../fixtures/exported-model.ts';
import { logits } from '../../model/logits.ts';
import { startFileServer } from '../../servers/file-server.ts';
import { freshDirectory, removeDirectories, resolvedSettings, runStage, world } from '../run-stage.ts';

afterEach(() => removeDirectories());

const GOLDEN = join(import.meta.dirname, '../../golden/gguf-models');
const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const inFolder = (folder: string): ModelFolder => ({
  file: (name) => (existsSync(join(folder, name)) ? join(folder, name) : undefined),
});
const fromGguf = async (gguf: string, change: object = {}) => {
  const run = await runStage(pretrained, { with: { source: 'gguf', ...change }, inputs: { gguf } });
  const warnings = run.events.flatMap((event) =>
    event.type === 'warning' && event.of_result ? [event.message] : [],
  );
  return { folder: run.outputs.model!, warnings, run };
};
const floatsOf = async (folder: string): Promise<Map<string, Float32Array>> => {
  const file = await SafetensorsFile.open(join(folder, 'model.safetensors'));
  const floats = new Map<string, Float32Array>();
  for (const name of file.tensors.keys()) floats.set(name, await file.readFloats(name));
  await file.close();
  return floats;
};

interface Expected {
  readonly texts: readonly string[];
  readonly prompt: readonly number[];
  readonly models: Readonly<
    Record<
      string,
      {
        readonly sha256: Readonly<Record<string, string>>;
        readonly ids: readonly number[][];
        readonly logits: readonly number[];
      }
    >
  >;
}
const { texts, prompt, models }: Expected = JSON.parse(readFileSync(join(GOLDEN, 'expected.json'), 'utf8'));

describe.each([
  ['mixed', true],
  ['float16', false],
] as const)("the file %s, as ggml's own package writes it", (name, tied) => {
  const expected = models[name]!;
  const read = () => fromGguf(join(GOLDEN, `${name}.gguf`), { tie_word_embeddings: tied });

  it('gives the weights that ggml reads of it, bit for bit', async () => {
    const { folder } = await read();
    const digests = Array.from(await floatsOf(folder), ([tensor, floats]) => [
      tensor,
      digestOf(new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength)),
    ]);
    expect(Object.fromEntries(digests)).toEqual(expected.sha256);
  });

  it('gives the logits that transformers computes', async () => {
    await loadEngine('cpu');
    const { folder } = await read();
    const model = await loadModel(inFolder(folder));
    const scores = tf.tidy(() => {
      const all = logits(model, tf.tensor2d([...prompt], [1, prompt.length], 'int32'));
      return [...all.dataSync()].slice(-model.config.vocab_size);
    });
    for (const [i, value] of expected.logits.entries()) expect(scores[i]!).toBeCloseTo(value, 3);
    tf.dispose([...model.parameters.values()]);
  });

  it('gives texts the ids that transformers gives, also from the folder that is written', async () => {
    const { folder } = await read();
    const { tokenizer } = await readModelTokenizer(inFolder(folder), await readConfig(inFolder(folder)));
    for (const [i, text] of texts.entries())
      expect([...tokenizer.encode(text, { allowSpecial: true })], text).toEqual(expected.ids[i]);
  });
});

it('says that weights are rounded, and how many tensors of which types', async () => {
  const { warnings } = await fromGguf(join(GOLDEN, 'mixed.gguf'));
  expect(warnings).toEqual([
    'The GGUF file has quantised weights (tensors: 1 × Q8_0, 2 × Q4_0, 2 × Q4_1, 2 × Q5_0, 2 × Q5_1): fine-tuning starts from rounded weights.',
  ]);
  expect((await fromGguf(join(GOLDEN, 'float16.gguf'))).warnings).toEqual([]);
});

describe('what `export` wrote', () => {
  const exported = async (encoding: 'bytes' | 'gpt2', tied: boolean, quantization: string) => {
    const model = await writeExportedModel(freshDirectory(), encoding, tied);
    const settings = { format: 'gguf', quantization };
    const { outputs } = await runStage(exportStage, { with: settings, inputs: { model } });
    return { model, gguf: join(outputs.model!, 'model.gguf'), folder: outputs.model! };
  };

  it.each([
    ['bytes', true],
    ['bytes', false],
    ['gpt2', true],
  ] as const)(
    'in F32 comes back as the same folder, to the last byte (%s, head tied: %s)',
    async (encoding, tied) => {
      const { model, gguf } = await exported(encoding, tied, 'F32');
      const { folder, warnings } = await fromGguf(gguf, { tie_word_embeddings: tied });
      expect(readdirSync(folder).sort()).toEqual(readdirSync(model).sort());
      for (const name of readdirSync(model))
        expect(readFileSync(join(folder, name)).equals(readFileSync(join(model, name))), name).toBe(true);
      expect(warnings).toEqual([]);
    },
  );

  it('in F16 comes back within the rounding of its matrices', async () => {
    const { model, gguf } = await exported('bytes', true, 'F16');
    const back = await floatsOf((await fromGguf(gguf, { tie_word_embeddings: true })).folder);
    for (const [name, floats] of await floatsOf(model)) {
      const other = back.get(name)!;
      floats.forEach((value, i) => {
        // Half of a step of binary16, which is never finer than 2^-24.
        const bound = Math.max(Math.abs(value) * 2 ** -11, 2 ** -25);
        if (Math.abs(value - other[i]!) > bound) expect.fail(`${name} ${i}: ${value} became ${other[i]}`);
      });
    }
  });

  it('is taken from its folder, and its tied head becomes one of its own', async () => {
    const { folder: input } = await exported('bytes', true, 'Q8_0');
    const run = await runStage(pretrained, { with: { source: 'gguf' }, inputs: { folder: input } });
    const floats = await floatsOf(run.outputs.model!);
    expect(floats.get('lm_head.weight')).toEqual(floats.get('transformer.wte.weight'));
    copyFileSync(join(input, 'model.gguf'), join(input, 'other.gguf'));
    const again = runStage(pretrained, { with: { source: 'gguf' }, inputs: { folder: input } });
    await expect(again).rejects.toThrow('The folder has 2 GGUF files: model.gguf, other.gguf.');
    for (const name of ['model.gguf', 'other.gguf']) rmSync(join(input, name));
    const empty = runStage(pretrained, { with: { source: 'gguf' }, inputs: { folder: input } });
    await expect(empty).rejects.toThrow('The folder has no GGUF file.');
  });

  it('has a tied head also where the embedding is there a second time, and only then', async () => {
    const { model, folder } = await exported('bytes', true, 'Q8_0');
    const again = async (changed: (bytes: Buffer) => Buffer) => {
      const path = join(folder, 'model.gguf');
      const { metadata, tensors } = await readGgufHeader(path);
      const file = readFileSync(path);
      const stored = [...tensors.values()].map(({ name, type, shape, begin, end }): GgufTensor => {
        if (type !== 'F32' && type !== 'Q8_0') throw new Error(`${name} is ${type}`);
        return { name, type, shape, bytes: async () => file.subarray(begin, end) };
      });
      const embedding = stored.find(({ name }) => name === 'token_embd.weight')!;
      const bytes = async () => changed(Buffer.from((await embedding.bytes()) as Buffer));
      const copy = join(freshDirectory(), 'twice.gguf');
      await writeGguf(copy, metadata, [...stored, { ...embedding, name: 'output.weight', bytes }]);
      return copy;
    };
    const twice = await again((bytes) => bytes);
    const tied = await fromGguf(twice, { tie_word_embeddings: true });
    expect((await floatsOf(tied.folder)).has('lm_head.weight')).toBe(false);
    const own = await fromGguf(twice);
    const once = await fromGguf(join(folder, 'model.gguf'));
    expect(own.run.digests).toEqual(once.run.digests);
    const other = await again((bytes) => Buffer.from(bytes.map((byte, i) => (i === 4000 ? byte ^ 1 : byte))));
    await expect(fromGguf(other, { tie_word_embeddings: true })).rejects.toThrow('a head of its own');
    expect((await fromGguf(other)).run.digests).not.toEqual(once.run.digests);
    expect(readdirSync(tied.folder).sort()).toEqual(readdirSync(model).sort());
  });

  it('is compared with the shape of the settings', async () => {
    const { gguf } = await exported('bytes', false, 'F32');
    await expect(fromGguf(gguf, { model: { n_layer: 3 } })).rejects.toThrow(
      "The GGUF file describes another model: n_layer is 2, the model's is 3.",
    );
    await expect(fromGguf(gguf, { tie_word_embeddings: true })).rejects.toThrow('a head of its own');
  });
});

describe('a GGUF file on a server', () => {
  it('is downloaded by its own address, with its digest on record, and pinned by its name', async () => {
    const server = await startFileServer(GOLDEN);
    try {
      const url = `${server.url}/mixed.gguf?download=true`;
      const run = await runStage(pretrained, { with: { source: 'gguf', url } });
      expect(server.requests).toHaveLength(1);
      const sha256 = { 'mixed.gguf': digestOf(readFileSync(join(GOLDEN, 'mixed.gguf'))) };
      expect(run.events).toContainEqual({ type: 'fact', name: 'downloaded', value: sha256 });
      const pinned = await runStage(pretrained, { with: { source: 'gguf', url, sha256 } });
      expect(pinned.digests).toEqual(run.digests);
      const wrong = { 'mixed.gguf': '0'.repeat(64) };
      await expect(runStage(pretrained, { with: { source: 'gguf', url, sha256: wrong } })).rejects.toThrow(
        /sha256|digest/,
      );
    } finally {
      await server.close();
    }
  });

  it('that is damaged is not kept', async () => {
    const published = freshDirectory();
    const bytes = readFileSync(join(GOLDEN, 'mixed.gguf'));
    writeFileSync(join(published, 'x.gguf'), bytes.subarray(0, bytes.length - 100));
    const server = await startFileServer(published);
    try {
      const run = runStage(pretrained, { with: { source: 'gguf', url: `${server.url}/x.gguf` } });
      await expect(run).rejects.toThrow(/x\.gguf is cut short: tensor .* \(from http/);
    } finally {
      await server.close();
    }
  });
});

describe('a GGUF file of another model', () => {
  const base = new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: 'gpt2' }],
    ['gpt2.context_length', { type: 'uint32', value: 4 }],
    ['gpt2.embedding_length', { type: 'uint32', value: 2 }],
    ['gpt2.block_count', { type: 'uint32', value: 1 }],
    ['gpt2.feed_forward_length', { type: 'uint32', value: 8 }],
    ['gpt2.attention.head_count', { type: 'uint32', value: 1 }],
    ['gpt2.attention.layer_norm_epsilon', { type: 'float32', value: Math.fround(1e-5) }],
    ['tokenizer.ggml.model', { type: 'string', value: 'gpt2' }],
    ['tokenizer.ggml.pre', { type: 'string', value: 'gpt-2' }],
    ['tokenizer.ggml.tokens', { type: 'array', of: 'string', value: ['a', 'b', 'ab', '<end>'] }],
    ['tokenizer.ggml.token_type', { type: 'array', of: 'int32', value: [1, 1, 1, 3] }],
    ['tokenizer.ggml.merges', { type: 'array', of: 'string', value: ['a b'] }],
    ['tokenizer.ggml.eos_token_id', { type: 'uint32', value: 3 }],
  ]);
  const text = (value: string): GgufValue => ({ type: 'string', value });
  const number = (value: number): GgufValue => ({ type: 'uint32', value });
  const texts = (...value: string[]): GgufValue => ({ type: 'array', of: 'string', value });
  const types = (...value: number[]): GgufValue => ({ type: 'array', of: 'int32', value });
  const read = async (
    changes: Readonly<Record<string, GgufValue | undefined>>,
    tensors: readonly GgufTensor[] = [],
  ) => {
    const metadata = new Map(base);
    for (const [key, value] of Object.entries(changes)) {
      if (value === undefined) metadata.delete(key);
      else metadata.set(key, value);
    }
    const path = join(freshDirectory(), 'x.gguf');
    await writeGguf(path, metadata, tensors);
    return await fromGguf(path);
  };

  it.each<[string, Readonly<Record<string, GgufValue | undefined>>, string]>([
    [
      'an architecture that is not read',
      { 'general.architecture': text('rwkv6') },
      'The GGUF file: its architecture is "rwkv6", only gpt2, llama, qwen2, qwen3, and gemma3 are read',
    ],
    [
      'no architecture',
      { 'general.architecture': undefined },
      'there is no key general.architecture, expected a text',
    ],
    ['an adapter', { 'general.type': text('adapter') }, 'it holds no model: general.type is "adapter"'],
    ['a part', { 'split.count': number(3) }, 'it is one of 3 parts of a model'],
    ['no layers', { 'gpt2.block_count': undefined }, 'there is no key gpt2.block_count, expected a number'],
    [
      'endless layers',
      { 'gpt2.block_count': number(2 ** 32 - 1) },
      'n_layer is 4294967295, at most 10000 are supported',
    ],
    [
      'layers in words',
      { 'gpt2.block_count': text('two') },
      'gpt2.block_count is "two" (string), expected a number',
    ],
    [
      'heads that do not divide',
      { 'gpt2.attention.head_count': number(3) },
      'n_embd 2 is not a multiple of n_head 3',
    ],
    [
      'another width within',
      { 'gpt2.feed_forward_length': number(9) },
      'n_inner is 9, only 4 × n_embd is supported',
    ],
    [
      'an epsilon that is no number',
      { 'gpt2.attention.layer_norm_epsilon': { type: 'float32', value: Number.NaN } },
      'layer_norm_epsilon is null, expected a positive number',
    ],
    [
      'WordPiece',
      { 'tokenizer.ggml.model': text('bert') },
      'its tokenizer is "bert", which is not supported',
    ],
    [
      'other pieces',
      { 'tokenizer.ggml.pre': text('tekken') },
      'tokenizer.ggml.pre is "tekken", which is not supported',
    ],
    [
      'a token after each text',
      { 'tokenizer.ggml.add_eos_token': { type: 'bool', value: true } },
      'add_eos_token is true',
    ],
    [
      'SentencePiece without scores',
      { 'tokenizer.ggml.model': text('llama') },
      'no key tokenizer.ggml.scores',
    ],
    ['a token twice', { 'tokenizer.ggml.tokens': texts('a', 'b', 'a', 'ab') }, 'tokens 0 and 2 are both "a"'],
    ['a token of nothing', { 'tokenizer.ggml.tokens': texts('a', '', 'ab', 'c') }, 'token 1 is no text'],
    [
      'a token that is no bytes',
      {
        'tokenizer.ggml.tokens': texts('a', 'b', 'ab', '<end>', '▁c'),
        'tokenizer.ggml.token_type': undefined,
      },
      'token "▁c" has a character that stands for no byte',
    ],
    [
      'a token of bytes',
      { 'tokenizer.ggml.token_type': types(1, 6, 1, 3) },
      'token 1, "b", is of the type 6',
    ],
    [
      'too few types',
      { 'tokenizer.ggml.token_type': types(1, 1) },
      'token_type has 2 values, but there are 4 tokens',
    ],
    [
      'a merge of nothing known',
      { 'tokenizer.ggml.merges': texts('a c') },
      'pair 1, "a c", needs the token "c"',
    ],
    ['a merge of three', { 'tokenizer.ggml.merges': texts('a b a') }, 'merge 1, "a b a", is not two tokens'],
    [
      'an end beyond the tokens',
      { 'tokenizer.ggml.eos_token_id': number(4) },
      'texts end with the token 4, but there are 4 tokens',
    ],
    ['no end', { 'tokenizer.ggml.eos_token_id': undefined }, 'no token ends a text'],
    ['no tensors', {}, 'tensor token_embd.weight [4,2] is missing'],
  ])('is refused: %s', async (_, changes, message) => {
    await expect(read(changes)).rejects.toThrow(message);
  });

  it('is refused where a tensor is of another shape, or of no model like it', async () => {
    const tensor = (name: string, shape: readonly number[]): GgufTensor => {
      const count = shape.reduce((size, length) => size * length, 1);
      return { name, type: 'F32', shape, bytes: async () => new Float32Array(count) };
    };
    await expect(read({}, [tensor('token_embd.weight', [4, 3])])).rejects.toThrow(
      'The GGUF file: tensor token_embd.weight is [4,3], its metadata makes it [4,2]',
    );
    await expect(read({}, [tensor('blk.1.ffn_up.weight', [8, 2])])).rejects.toThrow(
      'The GGUF file: tensor blk.1.ffn_up.weight [8,2] is not part of a GPT-2 of this shape',
    );
  });
});

describe('the preflight of source: gguf', () => {
  const problems = async (values: Record<string, unknown>, inputBytes = {}) => {
    const found = await pretrained.preflight!(resolvedSettings(pretrained, values), {
      inputBytes,
      ...world(),
    });
    return found.map(({ message }) => message);
  };

  it('says what is missing or contradictory before anything is downloaded', async () => {
    expect(await problems({ source: 'gguf' }, { gguf: 10 })).toEqual([]);
    expect(await problems({ source: 'gguf' })).toEqual(['Nothing says where the GGUF file is.']);
    const repository = { source: 'gguf', model: { huggingface: 'me/mine' } };
    expect(await problems(repository)).toEqual(['Nothing says which file of the repository it is.']);
    expect(await problems({ ...repository, file: 'x.Q4_K.gguf' })).toEqual([]);
    const sha256 = { 'y.gguf': '0'.repeat(64) };
    expect(await problems({ ...repository, file: 'x.gguf', sha256 })).toEqual([
      'sha256 pins some of the files but not x.gguf.',
    ]);
    expect(await problems({ source: 'gguf' }, { gguf: 10, folder: 10 })).toHaveLength(1);
    expect(await problems({ source: 'huggingface', file: 'x.gguf' }, { gguf: 10 })).toEqual([
      'The input `gguf` is not for source: huggingface.',
      '`file` is not for source: huggingface.',
    ]);
  });
});
