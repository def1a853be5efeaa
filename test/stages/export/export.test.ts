import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parameterCount } from '../../../src/model/families/families.ts';
import { readGgufHeader } from '../../../src/model/files/gguf/gguf-header.ts';
import { GGUF_TENSOR_TYPES } from '../../../src/model/files/gguf/tensor-types.ts';
import { floatsOfFloat16 } from '../../../src/model/files/half-precision.ts';
import { SafetensorsFile } from '../../../src/model/files/safetensors.ts';
import { exportStage } from '../../../src/stages/export/export.ts';
import { exportedConfig, exportedWeights, writeExportedModel } from '../../fixtures/exported-model.ts';
import { freshDirectory, removeDirectories, resolvedSettings, runStage, world } from '../run-stage.ts';

afterEach(() => removeDirectories());

const exported = async (settings: Record<string, unknown>, tied = false) => {
  const model = await writeExportedModel(freshDirectory(), 'bytes', tied);
  const run = await runStage(exportStage, { with: settings, inputs: { model } });
  return { model, run, folder: run.outputs.model! };
};

describe('export as a Hugging Face folder', () => {
  it('gives the same bytes as the model it was given', async () => {
    const { model, folder } = await exported({ format: 'huggingface' });
    expect(readdirSync(folder).sort()).toEqual(readdirSync(model).sort());
    for (const name of readdirSync(model)) {
      expect(readFileSync(join(folder, name)).equals(readFileSync(join(model, name))), name).toBe(true);
    }
  });

  it('of F16 has half of the bytes, and says so', async () => {
    const { model, folder } = await exported({ format: 'huggingface', quantization: 'F16' });
    expect(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')).torch_dtype).toBe('float16');
    const [whole, half] = [model, folder].map((from) =>
      SafetensorsFile.open(join(from, 'model.safetensors')),
    );
    const name = 'transformer.h.1.mlp.c_fc.weight';
    expect((await half!).tensors.get(name)!.dtype).toBe('F16');
    const [ours, theirs] = [await (await whole!).readFloats(name), await (await half!).readFloats(name)];
    expect(Math.max(...ours.map((value, i) => Math.abs(value - theirs[i]!)))).toBeLessThan(2 ** -13);
    await (await whole!).close();
    await (await half!).close();
  });

  it('writes tokenizer files where the model came without', async () => {
    const model = await writeExportedModel(freshDirectory(), 'bytes', true);
    for (const name of ['vocab.json', 'merges.txt', 'tokenizer_config.json']) rmSync(join(model, name));
    const run = await runStage(exportStage, { with: { format: 'huggingface' }, inputs: { model } });
    expect(existsSync(join(run.outputs.model!, 'vocab.json'))).toBe(true);
  });
});

describe('export as GGUF', () => {
  const cases = [true, false].flatMap((tied) =>
    (['F32', 'F16', 'Q8_0'] as const).map((quantization) => ({ tied, quantization })),
  );
  it.each(cases)(
    'of $quantization, head tied $tied, holds what llama.cpp needs',
    async ({ tied, quantization }) => {
      const { folder } = await exported({ format: 'gguf', quantization }, tied);
      const { metadata, tensors } = await readGgufHeader(join(folder, 'model.gguf'));
      // Integers of another type than uint32, or an epsilon that is no float32, end llama.cpp's process.
      const plain = [...metadata].filter(([, value]) => value.type !== 'array');
      expect(plain.map(([key, { type, value }]) => [key, type, value])).toEqual([
        ['general.architecture', 'string', 'gpt2'],
        ['general.file_type', 'uint32', { F32: 0, F16: 1, Q8_0: 7 }[quantization]],
        ['general.quantization_version', 'uint32', 2],
        ['gpt2.context_length', 'uint32', 64],
        ['gpt2.embedding_length', 'uint32', 32],
        ['gpt2.block_count', 'uint32', 2],
        ['gpt2.feed_forward_length', 'uint32', 128],
        ['gpt2.attention.head_count', 'uint32', 2],
        ['gpt2.attention.layer_norm_epsilon', 'float32', Math.fround(1e-5)],
        ['tokenizer.ggml.model', 'string', 'gpt2'],
        ['tokenizer.ggml.pre', 'string', 'gpt-2'],
        ['tokenizer.ggml.bos_token_id', 'uint32', 256],
        ['tokenizer.ggml.eos_token_id', 'uint32', 256],
        ['tokenizer.ggml.add_bos_token', 'bool', false],
      ]);
      const tokens = metadata.get('tokenizer.ggml.tokens')!.value as string[];
      expect([tokens.length, tokens[0x41], tokens[0x20], tokens[256]]).toEqual([
        257,
        'A',
        'Ġ',
        '<|endoftext|>',
      ]);
      const types = metadata.get('tokenizer.ggml.token_type')!;
      expect(types).toMatchObject({ of: 'int32', value: [...new Array(256).fill(1), 3] });

      const shapes = Object.fromEntries(
        [...tensors].map(([name, { type, shape }]) => [name, `${type} ${shape}`]),
      );
      const matrix = quantization;
      const block = (i: number) => ({
        [`blk.${i}.attn_norm.weight`]: 'F32 32',
        [`blk.${i}.attn_norm.bias`]: 'F32 32',
        [`blk.${i}.attn_qkv.weight`]: `${matrix} 96,32`,
        [`blk.${i}.attn_qkv.bias`]: 'F32 96',
        [`blk.${i}.attn_output.weight`]: `${matrix} 32,32`,
        [`blk.${i}.attn_output.bias`]: 'F32 32',
        [`blk.${i}.ffn_norm.weight`]: 'F32 32',
        [`blk.${i}.ffn_norm.bias`]: 'F32 32',
        [`blk.${i}.ffn_up.weight`]: `${matrix} 128,32`,
        [`blk.${i}.ffn_up.bias`]: 'F32 128',
        [`blk.${i}.ffn_down.weight`]: `${matrix} 32,128`,
        [`blk.${i}.ffn_down.bias`]: 'F32 32',
      });
      expect(shapes).toEqual({
        'token_embd.weight': `${matrix} 257,32`,
        'position_embd.weight': 'F32 64,32',
        ...block(0),
        ...block(1),
        'output_norm.weight': 'F32 32',
        'output_norm.bias': 'F32 32',
        ...(tied ? {} : { 'output.weight': `${matrix} 257,32` }),
      });
      const numbers = [...tensors.values()].reduce((sum, { type, begin, end }) => {
        return sum + ((end - begin) / GGUF_TENSOR_TYPES[type].bytes) * GGUF_TENSOR_TYPES[type].block;
      }, 0);
      expect(numbers).toBe(parameterCount(exportedConfig('bytes', tied)));
    },
  );

  it('keeps the numbers of a matrix, turned over', async () => {
    const { folder } = await exported({ format: 'gguf', quantization: 'F16' });
    const path = join(folder, 'model.gguf');
    const { begin, end } = (await readGgufHeader(path)).tensors.get('blk.1.ffn_up.weight')!;
    const stored = floatsOfFloat16(
      new Uint16Array(Uint8Array.from(readFileSync(path).subarray(begin, end)).buffer),
    );
    const sources = await exportedWeights(exportedConfig('bytes', false), 'bytes');
    const original = (await sources
      .find(({ name }) => name === 'transformer.h.1.mlp.c_fc.weight')!
      .bytes()) as Float32Array;
    const [row, column] = [5, 77];
    expect(stored[column * 32 + row]).toBeCloseTo(original[row * 128 + column]!, 3);
  });

  it('is the same at every run, and puts the Modelfile beside it', async () => {
    const prompt = parse(
      readFileSync(new URL('../../../configs/prompts/alpaca.yaml', import.meta.url), 'utf8'),
    );
    const [first, second] = [
      await exported({ format: 'gguf', quantization: 'Q8_0', prompt }),
      await exported({ format: 'gguf', quantization: 'Q8_0', prompt }),
    ];
    expect(first.run.digests).toEqual(second.run.digests);
    expect(readdirSync(first.folder).sort()).toEqual(['Modelfile', 'model.gguf']);
    expect(readFileSync(join(first.folder, 'Modelfile'), 'utf8')).toContain('PARAMETER num_ctx 64\n');
  });

  it('reads the model one tensor at a time and stops when it is cancelled', async () => {
    const model = await writeExportedModel(freshDirectory(), 'bytes', true);
    const controller = new AbortController();
    let read = 0;
    const run = runStage(exportStage, {
      with: { format: 'gguf' },
      inputs: { model },
      signal: controller.signal,
      onEvent: ({ type }) => {
        if (type === 'progress' && ++read === 3) controller.abort(new Error('cancelled'));
      },
    });
    await expect(run).rejects.toThrow('cancelled');
    expect(read).toBe(3);
  });
});

describe('the preflight of export', () => {
  const problems = (values: Record<string, unknown>) =>
    exportStage.preflight!(resolvedSettings(exportStage, values), {
      inputBytes: {},
      ...world(),
    });

  it('refuses what cannot be written before anything runs', async () => {
    expect(await problems({ format: 'gguf', quantization: 'Q8_0' })).toEqual([]);
    expect(await problems({ format: 'huggingface', quantization: 'Q8_0' })).toEqual([
      { message: 'A Hugging Face folder cannot hold Q8_0.', hint: 'Set format: gguf, or quantization: F16.' },
    ]);
    const prompt = { prompt: 'Hello', response: '{{ output }}', header: '' };
    expect(await problems({ format: 'gguf', prompt })).toMatchObject([
      { message: expect.stringContaining('shows the instruction once') },
    ]);
  });
});
