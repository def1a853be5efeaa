import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { StageError } from '../../../src/contract/stage-context.ts';
import { SafetensorsFile } from '../../../src/model/files/safetensors.ts';
import { train } from '../../../src/stages/train/train.ts';
import { parseHistory } from '../../../src/training/state/history.ts';
import { freshDirectory, removeDirectories, resolvedSettings, runStage } from '../run-stage.ts';
import { writeTrainInputs } from '../train-inputs.ts';

afterEach(removeDirectories);

const SETTINGS = { learning_rate: 0.03, batch_size: 4, epochs: 3, sample_tokens: 5 };
const LORA = { rank: 2, targets: ['c_attn', 'mlp.c_proj'] };

async function weights(path: string): Promise<Map<string, Float32Array>> {
  const file = await SafetensorsFile.open(path);
  try {
    const tensors = new Map<string, Float32Array>();
    for (const name of file.tensors.keys()) tensors.set(name, await file.readFloats(name));
    return tensors;
  } finally {
    await file.close();
  }
}

describe('train with `lora`', () => {
  it('has the defaults that the reference names', () => {
    expect(resolvedSettings(train, { lora: {} }).lora).toEqual({
      rank: 16,
      alpha: 16,
      dropout: 0,
      targets: ['c_attn', 'c_fc', 'c_proj'],
    });
    expect(Object.keys(train.outputs(resolvedSettings(train)))).not.toContain('adapter');
  });

  it('changes the chosen matrices only, by what the adapter alone holds', async () => {
    const inputs = await writeTrainInputs(freshDirectory());
    const { outputs, events } = await runStage(train, {
      with: { ...SETTINGS, lora: { ...LORA, alpha: 3 } },
      inputs,
      engine: 'cpu',
    });
    const history = parseHistory(readFileSync(outputs.history!, 'utf8'));
    expect(history.at(-1)!.trainLoss).toBeLessThan(history[0]!.trainLoss);

    const start = await weights(join(inputs.model, 'model.safetensors'));
    const merged = await weights(join(outputs.model!, 'model.safetensors'));
    const adapter = await weights(join(outputs.adapter!, 'adapter_model.safetensors'));
    const targets = ['transformer.h.0.attn.c_attn', 'transformer.h.0.mlp.c_proj'];
    expect([...adapter.keys()].sort()).toEqual(
      targets.flatMap((name) => ['A', 'B'].map((side) => `base_model.model.${name}.lora_${side}.weight`)),
    );
    for (const [name, numbers] of merged) {
      const target = targets.find((target) => name === `${target}.weight`);
      if (target) expect(numbers).not.toEqual(start.get(name));
      else expect(numbers, name).toEqual(start.get(name));
    }
    const [a, b] = ['A', 'B'].map(
      (side) => adapter.get(`base_model.model.${targets[0]}.lora_${side}.weight`)!,
    ) as [Float32Array, Float32Array];
    const [first, last] = [merged, start].map((all) => all.get(`${targets[0]}.weight`)!);
    // Element [i, j] of W [8, 24] changes by 3/2 · Σ B[j, r] A[r, i].
    for (const [i, j] of [
      [0, 0],
      [7, 3],
      [2, 23],
    ] as const) {
      const change = 1.5 * (b[j * 2]! * a[i]! + b[j * 2 + 1]! * a[8 + i]!);
      expect(first![i * 24 + j]! - last![i * 24 + j]!).toBeCloseTo(change, 5);
    }

    const parameters = 257 * 8 + 48 * 8 + 872 + 16;
    const trained = 2 * (8 + 24 + 32 + 8);
    expect(events).toContainEqual({ type: 'fact', name: 'parameters', value: parameters });
    expect(events).toContainEqual({ type: 'fact', name: 'trained_parameters', value: trained });
    expect(events).toContainEqual({
      type: 'log',
      message: 'trains 0.000144 M of 0.00333 M parameters (4.3 %)',
    });
  });

  it('with dropout too, cancelled, goes on to the same bytes', async () => {
    const inputs = await writeTrainInputs(freshDirectory());
    const settings = { ...SETTINGS, dropout: 0.2, lora: { ...LORA, dropout: 0.1 } };
    const undisturbed = await runStage(train, { with: settings, inputs, engine: 'wasm' });
    const directory = freshDirectory();
    const controller = new AbortController();
    const cancelled = runStage(train, {
      with: settings,
      inputs,
      engine: 'wasm',
      directory,
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'progress' && event.done >= 1) controller.abort(new Error('cancelled'));
      },
    });
    await expect(cancelled).rejects.toThrow('cancelled');
    const resumed = await runStage(train, {
      with: settings,
      inputs,
      engine: 'wasm',
      earlierWorkDirectories: [join(directory, 'work')],
    });
    expect(resumed.events.filter(({ type }) => type === 'progress')[0]).toMatchObject({ done: 2 });
    expect(resumed.digests).toEqual(undisturbed.digests);
    expect(Object.keys(resumed.digests)).toContain('adapter');
    expect(existsSync(join(undisturbed.outputs.adapter!, 'adapter_config.json'))).toBe(true);
  });

  it('refuses a rank that no matrix of the model has', async () => {
    const inputs = await writeTrainInputs(freshDirectory());
    const failure = await runStage(train, {
      with: { ...SETTINGS, lora: { rank: 9 } },
      inputs,
      engine: 'cpu',
    }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StageError);
    expect((failure as StageError).message).toBe(
      '`lora.rank` is 9, but the model is only 8 wide: its matrices have no higher rank.',
    );
    expect((failure as StageError).hint).toContain('at most 8');
  });

  it('needs disk space for the model alone', () => {
    expect(train.diskBytes!(resolvedSettings(train, { lora: {} }), { model: 100 })).toBe(200);
  });
});
