import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { LlamaConfig } from '../../src/model/families/llama/llama-config.ts';
import { SafetensorsFile } from '../../src/model/files/safetensors.ts';
import { exportStage } from '../../src/stages/export/export.ts';
import { generate } from '../../src/stages/generate/generate.ts';
import { pretrained } from '../../src/stages/pretrained/pretrained.ts';
import { train } from '../../src/stages/train/train.ts';
import { freshDirectory, removeDirectories, runStage } from './run-stage.ts';
import { writeTrainInputs } from './train-inputs.ts';

/* Every stage that reads or writes a model does so with each family, whose description is all that it asks. */

afterEach(() => removeDirectories());

const FAMILIES = ['llama', 'qwen2', 'qwen3', 'gemma3_text'] as const;

/** A model of a few thousand numbers over bytes, with fewer keys than heads and, in Gemma, a window. */
function tiny(model_type: LlamaConfig['model_type']): LlamaConfig {
  const windowed = model_type === 'gemma3_text';
  return {
    model_type,
    n_layer: 2,
    n_head: 4,
    n_embd: 16,
    n_positions: 48,
    vocab_size: 257,
    tie_word_embeddings: true,
    eos_token_id: 256,
    num_key_value_heads: 2,
    head_dim: 4,
    intermediate_size: 24,
    rms_norm_eps: 1e-6,
    query_pre_attn_scalar: 4,
    layer_types: windowed ? ['sliding_attention', 'full_attention'] : ['full_attention', 'full_attention'],
    ...(windowed && { sliding_window: 6 }),
    rope: {
      full_attention: { rope_theta: windowed ? 1e6 : 1e4, rope_type: 'default' },
      ...(windowed && { sliding_attention: { rope_theta: 1e4, rope_type: 'default' } }),
    },
  };
}

const STYLE = { prompt: '{{ instruction }}', response: ' {{ output }}', header: '', stop: [] };
const SETTINGS = { epochs: 3, batch_size: 5, learning_rate: 0.03, eval_every: 2 };

describe.each(FAMILIES)('%s', (model_type) => {
  const trained = async (settings: Record<string, unknown> = {}) => {
    const inputs = await writeTrainInputs(freshDirectory(), tiny(model_type));
    const run = await runStage(train, { with: { ...SETTINGS, ...settings }, inputs, engine: 'wasm' });
    return { inputs, run, model: run.outputs.model! };
  };
  const lossesOf = (history: string) => {
    const [, ...lines] = readFileSync(history, 'utf8').trim().split('\n');
    return lines.map((line) => Number(line.split(',')[4]));
  };

  it('learns as a whole, and answers; the folder says of itself what it was', async () => {
    const { inputs, run, model } = await trained();
    const losses = lossesOf(run.outputs.history!);
    expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.3);
    const config = (of: string) => readFileSync(join(of, 'config.json'), 'utf8');
    expect(config(model)).toBe(config(inputs.model));
    const records = join(freshDirectory(), 'records.jsonl');
    const record = {
      id: 1,
      instruction: '1 + 1',
      input: '',
      output: '2',
      prompt: '1 + 1 =',
      response: ' 2',
    };
    writeFileSync(records, `${JSON.stringify(record)}\n`);
    const replies = await runStage(generate, {
      with: { prompt: STYLE, max_new_tokens: 4 },
      inputs: { records, model },
      engine: 'wasm',
    });
    const [reply] = JSON.parse(readFileSync(replies.outputs.responses!, 'utf8')) as {
      model_response: string;
    }[];
    expect(typeof reply!.model_response).toBe('string');
  });

  it('learns by an adapter of all its linear layers, in the names of PEFT', async () => {
    const { run } = await trained({ lora: { rank: 2 } });
    const losses = lossesOf(run.outputs.history!);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    const adapter = await SafetensorsFile.open(join(run.outputs.adapter!, 'adapter_model.safetensors'));
    expect(adapter.tensors.size).toBe(2 * 7 * 2);
    expect(adapter.tensors.get('base_model.model.model.layers.1.mlp.down_proj.lora_A.weight')!.shape).toEqual(
      [2, 24],
    );
    await adapter.close();
    const said = JSON.parse(readFileSync(join(run.outputs.adapter!, 'adapter_config.json'), 'utf8'));
    expect(said).toMatchObject({ fan_in_fan_out: false });
    expect(said.target_modules).toContain('gate_proj');
  });

  it('is refused where an adapter names layers of another family', async () => {
    await expect(trained({ lora: { targets: ['attn.c_proj'] } })).rejects.toThrow(
      '`lora.targets` names attn.c_proj, which a',
    );
  });

  it('comes back from a GGUF file as it was', async () => {
    const { model } = await writeTrainInputs(freshDirectory(), tiny(model_type));
    const exported = await runStage(exportStage, { with: { format: 'gguf' }, inputs: { model } });
    const gguf = join(exported.outputs.model!, 'model.gguf');
    const back = await runStage(pretrained, {
      with: { source: 'gguf', tie_word_embeddings: true },
      inputs: { gguf },
    });
    const [before, after] = await Promise.all(
      [model, back.outputs.model!].map((folder) => SafetensorsFile.open(join(folder, 'model.safetensors'))),
    );
    expect([...after!.tensors.keys()]).toEqual([...before!.tensors.keys()]);
    for (const name of before!.tensors.keys()) {
      const [ours, theirs] = [await before!.readFloats(name), await after!.readFloats(name)];
      // A norm whose weights count beside 1 is there with that 1, and loses what float32 has no room for then.
      const loss = Math.max(...ours.map((value, i) => Math.abs(value - theirs[i]!)));
      expect(loss, name).toBeLessThanOrEqual(
        /norm\.weight$/.test(name) && model_type === 'gemma3_text' ? 1e-7 : 0,
      );
    }
    await before!.close();
    await after!.close();
  });
});
