import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { SPEC_VERSION, type StageSpec } from '../../src/contract/attempt/spec.ts';
import type { EngineName } from '../../src/contract/engine-name.ts';
import { train } from '../../src/stages/train/train.ts';
import { freshDirectory, removeDirectories, resolvedSettings } from './run-stage.ts';
import { type TrainInputs, writeTrainInputs } from './train-inputs.ts';

const HOST = join(import.meta.dirname, '../../dist/stage-host.cjs');
const OUTPUTS = ['model/model.safetensors', 'history.csv', 'loss-curve.svg', 'samples.json'];
const ADAPTED = { dropout: 0.1, lora: { rank: 2, dropout: 0.1 } };

afterEach(removeDirectories);

/** Starts a training in a process of its own, which writes a checkpoint after each update. */
function start(
  directory: string,
  inputs: TrainInputs,
  engine: EngineName,
  given: Record<string, unknown>,
  earlierWorkDirectories: string[],
): ChildProcess {
  const settings = resolvedSettings(train, {
    learning_rate: 0.01,
    batch_size: 4,
    epochs: 20,
    checkpoint_every: 0,
    sample_tokens: 5,
    ...given,
  });
  const file = (path: string) => ({ artifact: 'file' as const, digest: 'unused', path });
  const modelFiles = ['config.json', 'generation_config.json', 'model.safetensors'];
  const spec: StageSpec = {
    spec: SPEC_VERSION,
    uses: 'train',
    key: 'key',
    attempt: 'attempt',
    settings,
    inputs: {
      train: file(inputs.train),
      validation: file(inputs.validation),
      model: {
        artifact: 'directory',
        digest: 'unused',
        files: Object.fromEntries(modelFiles.map((name) => [name, join(inputs.model, name)])),
      },
    },
    collections: {},
    outputs: Object.fromEntries(
      Object.entries(train.outputs(settings)).map(([name, { artifact, path }]) => [
        name,
        { artifact, path: join(directory, 'outputs', path) },
      ]),
    ),
    itemsDirectory: join(directory, 'items'),
    attemptDirectory: directory,
    earlierWorkDirectories,
    secrets: [],
    engine,
  };
  for (const name of ['outputs', 'scratch', 'work']) mkdirSync(join(directory, name));
  writeFileSync(join(directory, 'spec.json'), JSON.stringify(spec));
  return spawn(process.execPath, [HOST, join(directory, 'spec.json')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
}

/** Resolves when the training says on its standard output what is waited for. */
async function says(child: ChildProcess, expected: string): Promise<void> {
  let text = '';
  for await (const chunk of child.stdout!) {
    text += chunk;
    if (text.includes(expected)) return;
  }
  throw new Error(`the training ended without saying "${expected}":\n${text}`);
}

function digests(directory: string, given: Record<string, unknown>): Record<string, string> {
  const adapter = given.lora ? ['adapter/adapter_model.safetensors'] : [];
  return Object.fromEntries(
    [...OUTPUTS, ...adapter].map((name) => {
      const bytes = readFileSync(join(directory, 'outputs', name));
      return [name, createHash('sha256').update(bytes).digest('hex')];
    }),
  );
}

async function finish(child: ChildProcess): Promise<void> {
  child.stdout!.resume();
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
}

/**
 * Kills a training at some moments, each in the attempt that goes on from the one before, and expects the bytes of an
 * undisturbed one of the last. Returns what the last attempt told.
 */
async function killAndGoOn(
  engine: EngineName,
  given: Record<string, unknown>,
  moments: readonly string[],
): Promise<string> {
  const inputs = await writeTrainInputs(freshDirectory());
  const undisturbed = freshDirectory();
  await finish(start(undisturbed, inputs, engine, given, []));

  const earlier: string[] = [];
  for (const moment of moments) {
    const directory = freshDirectory();
    const child = start(directory, inputs, engine, given, earlier);
    await says(child, moment);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(join(directory, 'result.json'))).toBe(false);
    earlier.unshift(join(directory, 'work'));
  }
  const last = freshDirectory();
  const child = start(last, inputs, engine, given, earlier);
  await finish(child);
  expect(digests(last, given)).toEqual(digests(undisturbed, given));
  return readFileSync(join(last, 'events.ndjson'), 'utf8');
}

describe('a training whose process is killed', () => {
  it.each([
    { engine: 'cpu', trains: 'everything', given: {} },
    { engine: 'wasm', trains: 'everything', given: {} },
    { engine: 'onnxruntime', trains: 'everything', given: {} },
    { engine: 'wasm', trains: 'an adapter, with dropout', given: ADAPTED },
    { engine: 'onnxruntime', trains: 'an adapter, with dropout', given: ADAPTED },
  ] as const)(
    'goes on to the bytes of an undisturbed one on $engine, training $trains',
    async ({ engine, given }) => {
      const log = await killAndGoOn(engine, given, ['step 5:', 'step 20:']);
      expect(log).not.toContain('step 15:');
      expect(log).toContain('step 35:');
    },
  );

  it('keeps its best weights, and stops where it would have stopped', async () => {
    // The loss is lowest after step 32, and then the texts are learned by heart.
    const given = { keep: 'best', early_stopping: { patience: 3 }, epochs: 60, eval_every: 2 };
    const log = await killAndGoOn('cpu', given, ['step 16:', 'step 34:']);
    expect(log).not.toContain('step 16:');
    expect(log).toContain('stopped early after 39 updates');
    expect(log).toContain('kept the model of step 32');
  });
});
