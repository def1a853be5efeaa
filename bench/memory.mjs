#!/usr/bin/env node
// Peak memory of training, next to what pipe expects: for each shape of a model, whole and with an adapter, a process of its
// own that loads random weights and trains as the `train` stage does. One process at a time.
//
//   npm run bench:memory                          all shapes
//   npm run bench:memory -- --shape smollm2-135m  gpt2-small, or a file of bench/shapes
//   further: --engine onnxruntime, --batch 8, --length 64, --only lora or full, --checkpointing on or off, --updates 3, --json
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { importSource, root } from '../scripts/import-source.mjs';

/** Shape, texts in a batch and their length in tokens. */
const CASES = [
  ['gpt2-small', 8, 64],
  ['gpt2-small', 8, 256],
  ['smollm2-135m', 8, 64],
  ['smollm2-135m', 8, 256],
  ['qwen3-0.6b', 2, 128],
  ['gemma3-270m', 4, 64],
  ['llama-3.2-1b', 8, 64],
];

const VARIANTS = [
  ['full', false],
  ['full', true],
  ['lora', false],
  ['lora', true],
];

const { values: options } = parseArgs({
  options: {
    shape: { type: 'string' },
    engine: { type: 'string', default: 'onnxruntime' },
    batch: { type: 'string' },
    length: { type: 'string' },
    only: { type: 'string' },
    updates: { type: 'string', default: '3' },
    models: { type: 'string' },
    checkpointing: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const { TENSOR_MEMORY, familyOf, loraParameterCount, trainingMemoryOf, writeModelFolder } =
  await importSource(`
  export { TENSOR_MEMORY } from './src/runner/attempt/stage-environment.ts';
  export { familyOf } from './src/model/families/families.ts';
  export { loraParameterCount } from './src/model/network/lora.ts';
  export { trainingMemoryOf } from './src/training/batch-memory.ts';
  export { writeModelFolder } from './src/model/files/model-folder.ts';`);

function configOf(shape) {
  const file = `bench/shapes/${shape}.json`;
  const published =
    shape === 'gpt2-small'
      ? { model_type: 'gpt2', ...parse(readFileSync(join(root, 'configs/models/gpt2-small.yaml'), 'utf8')) }
      : JSON.parse(readFileSync(join(root, file), 'utf8'));
  return familyOf(published).configFile.read(published, file);
}

/** A model folder with numbers of about the size of a trained model's. */
async function writeModel(folder, config) {
  if (existsSync(join(folder, 'model.safetensors'))) return;
  mkdirSync(folder, { recursive: true });
  const family = familyOf(config);
  const sources = [...family.parameterShapes(config)].map(([name, shape]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const bytes = () => randomNumbers(size, shape.length === 1 ? family.initialValue(config, name) : 0);
    return { name, dtype: 'F32', shape, bytes };
  });
  await writeModelFolder(folder, config, sources);
}

function randomNumbers(size, centre) {
  const values = new Float32Array(size);
  for (let i = 0, state = 1; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = centre + state * 2 ** -31 * 0.03;
  }
  return values;
}

function measure(job) {
  const env = { ...process.env, ...TENSOR_MEMORY };
  const program = join(root, 'bench/memory-worker.mjs');
  const args = [program, JSON.stringify(job)];
  return JSON.parse(execFileSync(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] }));
}

const folder = options.models ?? mkdtempSync(join(tmpdir(), 'pipe-bench-'));
const rows = [];
try {
  for (const [shape, batch, length] of CASES) {
    if (options.shape && options.shape !== shape) continue;
    const config = configOf(shape);
    const model = join(folder, shape);
    await writeModel(model, config);
    const texts = Number(options.batch ?? batch);
    const lengths = Array.from({ length: texts }, () => Number(options.length ?? length));
    const targets = familyOf(config).names.linearInBlock;
    for (const [trained, gradientCheckpointing] of VARIANTS) {
      if (options.only && options.only !== trained) continue;
      if (options.checkpointing && options.checkpointing !== (gradientCheckpointing ? 'on' : 'off')) continue;
      if (shape === 'llama-3.2-1b' && trained === 'full' && options.only !== 'full') continue;
      const lora = trained === 'lora';
      const adapter = lora
        ? loraParameterCount(config, { rank: 16, alpha: 16, dropout: 0, targets })
        : undefined;
      const estimate = trainingMemoryOf(config, {
        lengths,
        textsAtOnce: texts,
        adapter,
        gradientCheckpointing: false,
      });
      const job = {
        engine: options.engine,
        folder: model,
        lengths,
        textsAtOnce: texts,
        lora,
        updates: Number(options.updates),
      };
      const peaks = measure(job);
      const row = {
        shape,
        batch: texts,
        length: lengths[0],
        trained,
        estimate,
        measured: Math.max(...Object.values(peaks)),
        peaks,
      };
      rows.push(row);
      if (!options.json) console.log(rowText(row));
    }
    if (!options.models) rmSync(model, { recursive: true });
  }
  if (options.json) console.log(JSON.stringify(rows, null, 2));
} finally {
  if (!options.models) rmSync(folder, { recursive: true });
}

function rowText({ shape, batch, length, trained, estimate, measured, peaks }) {
  const gigabytes = (bytes) => (bytes / 1e9).toFixed(2).padStart(7);
  const steps = Object.entries(peaks)
    .map(([moment, bytes]) => `${moment} ${(bytes / 1e9).toFixed(2)}`)
    .join(', ');
  return `${shape.padEnd(14)} ${`${batch} x ${length}`.padStart(8)} ${trained.padEnd(20)}${gigabytes(estimate)}${gigabytes(measured)} ${(estimate / measured).toFixed(2)}  ${steps}`;
}
