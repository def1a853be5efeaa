#!/usr/bin/env node
// Peak memory of training, next to what pipe expects of it: for each shape a process of its own loads random weights and
// trains as the `train` stage does, the whole model and an adapter of rank 16, without and with gradient checkpointing. One
// process at a time; the last columns are the peak in bytes after each part of the training.
//
//   npm run bench:memory                          all shapes but the largest
//   npm run bench:memory -- --shape llama-3.2-1b  gpt2-small, or a file of bench/shapes
//   further: --engine onnxruntime, --batch 8, --length 64, --trained full or lora, --checkpointing on or off, --updates 3,
//   --models DIR (keeps the weights, for the next time), --json
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
/** Only measured by its name. */
const LARGEST = 'llama-3.2-1b';

const { values: options } = parseArgs({
  options: {
    shape: { type: 'string' },
    engine: { type: 'string', default: 'onnxruntime' },
    batch: { type: 'string' },
    length: { type: 'string' },
    trained: { type: 'string' },
    checkpointing: { type: 'string' },
    updates: { type: 'string', default: '3' },
    models: { type: 'string' },
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

const folder = options.models ?? mkdtempSync(join(tmpdir(), 'pipe-bench-'));
const rows = [];
try {
  const isChosen = ([shape]) => (options.shape ? options.shape === shape : shape !== LARGEST);
  for (const [shape, batch, length] of CASES.filter(isChosen)) {
    const config = configOf(shape);
    const model = join(folder, shape);
    await writeModel(model, config);
    const lengths = Array(Number(options.batch ?? batch)).fill(Number(options.length ?? length));
    for (const trained of ['full', 'lora'].filter((one) => (options.trained ?? one) === one)) {
      for (const checkpointing of ['off', 'on'].filter((one) => (options.checkpointing ?? one) === one)) {
        const row = { shape, batch: lengths.length, length: lengths[0], trained, checkpointing };
        rows.push({ ...row, ...measured(config, model, lengths, row) });
        if (!options.json) console.log(rowText(rows.at(-1)));
      }
    }
  }
  if (options.json) console.log(JSON.stringify(rows, null, 2));
} finally {
  if (!options.models) rmSync(folder, { recursive: true });
}

/** What is expected of a training, and what it took, in bytes. */
function measured(config, model, lengths, { trained, checkpointing }) {
  const targets = familyOf(config).names.linearInBlock;
  const lora = trained === 'lora';
  const expected = trainingMemoryOf(config, lengths, {
    textsAtOnce: lengths.length,
    ...(lora && { adapter: loraParameterCount(config, { rank: 16, alpha: 16, dropout: 0, targets }) }),
    gradientCheckpointing: checkpointing === 'on',
  });
  const keeps = checkpointing === 'on' ? 'inputs' : 'everything';
  const updates = Number(options.updates);
  const job = { engine: options.engine, folder: model, lengths, lora, keeps, updates };
  const env = { ...process.env, ...TENSOR_MEMORY };
  const args = [join(root, 'bench/memory-worker.mjs'), JSON.stringify(job)];
  const stdio = ['ignore', 'pipe', 'inherit'];
  const peaks = JSON.parse(execFileSync(process.execPath, args, { env, stdio }));
  return { expected, measured: Math.max(...Object.values(peaks)), peaks };
}

function configOf(shape) {
  const file = shape === 'gpt2-small' ? `configs/models/${shape}.yaml` : `bench/shapes/${shape}.json`;
  const published = { model_type: 'gpt2', ...parse(readFileSync(join(root, file), 'utf8')) }; // JSON is YAML
  return familyOf(published).configFile.read(published, file);
}

/** A model folder with numbers of about the size of a trained model's. */
async function writeModel(folder, config) {
  if (existsSync(join(folder, 'model.safetensors'))) return;
  mkdirSync(folder, { recursive: true });
  const family = familyOf(config);
  const sources = [...family.parameterShapes(config)].map(([name, shape]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const centre = shape.length === 1 ? family.initialValue(config, name) : 0;
    return { name, dtype: 'F32', shape, bytes: () => randomNumbers(size, centre) };
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

function rowText({ shape, batch, length, trained, checkpointing, expected, measured, peaks }) {
  const gigabytes = (bytes) => (bytes / 1e9).toFixed(2);
  const cells = [shape.padEnd(14), `${batch} x ${length}`.padStart(8), trained, checkpointing.padEnd(3)];
  const numbers = [`expected ${gigabytes(expected)}`, `measured ${gigabytes(measured)} GB`];
  const parts = Object.entries(peaks).map(([moment, bytes]) => `${moment} ${gigabytes(bytes)}`);
  return [...cells, ...numbers, (expected / measured).toFixed(2), parts.join(', ')].join('  ');
}
