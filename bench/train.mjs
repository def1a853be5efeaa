#!/usr/bin/env node
// Speed and memory of training: updates of a GPT-2 with random weights, in float32, with AdamW on every parameter and a
// head of its own, as the `train` stage makes them. Given a Python that has PyTorch, both train in turns, update by
// update, so that a busy machine slows both; each is a process of its own, and medians are compared.
//
//   npm run bench:train -- --size small                          batches of 8 texts of 64 tokens
//   npm run bench:train -- --size medium --records instruction-data.json   batches as the experiment has them
//   npm run bench:train -- --size small --pytorch python3        beside PyTorch
//   npm run bench:train -- --size small --lora                   beside training an adapter of rank 16
//   npm run bench:train -- --shape bench/shapes/smollm2-135m.json --length 256   a model of another family, by its config.json
//   npm run bench:train -- --shape bench/shapes/qwen3-0.6b.json --pytorch python3 --apart   one process at a time, where memory is short
//   further: --engine onnxruntime, --batch 8, --length 64, --steps 10, --tied, --json,
//            --sides pipe,pytorch,lora,peft to leave some of them out
//
// A token is a place of the padded batch, for both. GFLOPS count 6 operations a parameter and token, for both too, although
// pipe leaves the padding out and an adapter's training half of the way back.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { importSource, root } from '../scripts/import-source.mjs';

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: 'small' },
    shape: { type: 'string' },
    engine: { type: 'string', default: 'onnxruntime' },
    batch: { type: 'string', default: '8' },
    length: { type: 'string', default: '64' },
    steps: { type: 'string', default: '10' },
    records: { type: 'string' },
    pytorch: { type: 'string' },
    lora: { type: 'boolean', default: false },
    sides: { type: 'string' },
    apart: { type: 'boolean', default: false },
    tied: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const batchSize = Number(options.batch);
const steps = Number(options.steps);
/** Updates before the measured ones: memory is touched, graphs are compiled. */
const WARM_UP = 2;

const {
  TENSOR_MEMORY,
  familyOf,
  parameterCount,
  tokenizerFor,
  renderPrompt,
  renderResponse,
  DataOrder,
  Mt19937,
} = await importSource(`
  export { TENSOR_MEMORY } from './src/runner/attempt/stage-environment.ts';
  export { familyOf, parameterCount } from './src/model/families/families.ts';
  export { tokenizerFor } from './src/text/tokenizer/tokenizer.ts';
  export { renderPrompt, renderResponse } from './src/text/prompt/prompt-style.ts';
  export { DataOrder } from './src/training/data/data-order.ts';
  export { Mt19937 } from './src/statistics/random/mt19937.ts';`);
const yaml = (path) => parse(readFileSync(join(root, 'configs', path), 'utf8'));
const published = options.shape && JSON.parse(readFileSync(options.shape, 'utf8'));
const config = published
  ? familyOf(published).configFile.read(published, options.shape)
  : { model_type: 'gpt2', ...yaml(`models/gpt2-${options.size}.yaml`), tie_word_embeddings: options.tied };
/** What is measured, as people call it. */
const title = published ? basename(options.shape, '.json') : `GPT-2 ${options.size}`;

/** The texts of each update, as token ids. */
async function batchesOfRecords(path) {
  const style = yaml('prompts/alpaca.yaml');
  const tokenizer = await tokenizerFor('gpt2');
  const records = JSON.parse(readFileSync(path, 'utf8'));
  const texts = records
    .slice(0, Math.floor(records.length * 0.85))
    .map((record) =>
      Array.from(tokenizer.encode(renderPrompt(style, record) + renderResponse(style, record))),
    );
  const order = new DataOrder('pytorch', Mt19937.seeded(123).state()).training(texts.length);
  const count = Math.floor(texts.length / batchSize);
  return Array.from({ length: count }, (_, i) =>
    Array.from(order.slice(i * batchSize, (i + 1) * batchSize), (index) => texts[index]),
  );
}

function equalBatch() {
  const token = (i) => (i * 7919 + 13) % (config.vocab_size - 1);
  return Array.from({ length: batchSize }, (_, row) =>
    Array.from({ length: Number(options.length) }, (_, i) => token(row * 1000 + i)),
  );
}

/** A process that makes one update for each line that it is sent. */
function startWorker(command, args, environment = {}) {
  const env = { ...process.env, ...environment };
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command} ended early`);
    return JSON.parse(value);
  };
  const ask = (line) => {
    child.stdin.write(`${line}\n`);
    return next();
  };
  const closed = once(child, 'close');
  return {
    ready: next,
    update: () => ask('update'),
    end: async () => {
      const last = await ask('end');
      await closed; // its memory is free
      return last;
    },
  };
}

const median = (samples) => samples.toSorted((a, b) => a - b)[Math.floor((samples.length - 1) / 2)];

const batches = options.records ? await batchesOfRecords(options.records) : [equalBatch()];
const folder = mkdtempSync(join(tmpdir(), 'pipe-bench-'));
try {
  const job = join(folder, 'job.json');
  writeFileSync(
    job,
    JSON.stringify({ engine: options.engine, config, published, lora: options.lora, batches }),
  );
  const program = join(root, 'bench/train-worker.mjs');
  const ours =
    (...args) =>
    () =>
      startWorker(process.execPath, [program, job, ...args], TENSOR_MEMORY);
  const pytorch = join(root, 'bench/train_pytorch.py');
  const theirs =
    (...args) =>
    () =>
      startWorker(options.pytorch, [pytorch, job, ...args]);
  const all = {
    pipe: ours(),
    ...(options.lora && { lora: ours('lora') }),
    ...(options.pytorch && { pytorch: theirs() }),
    ...(options.pytorch && published && options.lora && { peft: theirs('lora') }),
  };
  const names = options.sides?.split(',') ?? Object.keys(all);
  const measured = Object.fromEntries(names.map((name) => [name, []]));
  const ends = {};
  // Apart, each side has two turns, so that a slower quarter of an hour does not meet one of them alone.
  const turns = options.apart ? [...names, ...names].map((name) => [name]) : [names];
  for (const together of turns) {
    const workers = Object.fromEntries(together.map((name) => [name, all[name]()]));
    for (const worker of Object.values(workers)) await worker.ready();
    for (let step = -WARM_UP; step < steps; step++) {
      for (const [name, worker] of Object.entries(workers)) {
        const update = await worker.update();
        if (step >= 0) measured[name].push(update);
      }
    }
    for (const [name, worker] of Object.entries(workers)) ends[name] = await worker.end();
  }
  const tokensOf = (batch) => batch.length * Math.max(...batch.map(({ length }) => length));
  const tokens = measured[names[0]].map((_, i) =>
    tokensOf(batches[(WARM_UP + (i % steps)) % batches.length]),
  );
  const meanTokens = tokens.reduce((sum, count) => sum + count, 0) / tokens.length;
  const results = {};
  for (const name of names) {
    const of = (phase) => median(measured[name].map((update) => update[phase]));
    const { peakBytes, engine } = ends[name];
    const perSecond =
      tokens.reduce((sum, n) => sum + n, 0) / measured[name].reduce((s, u) => s + u.seconds, 0);
    results[name] = {
      engine,
      seconds: of('seconds'),
      forward: of('forward'),
      backward: of('backward'),
      optimizer: of('optimizer'),
      tokensPerSecond: perSecond,
      gflops: (6 * parameterCount(config) * perSecond) / 1e9,
      peakGigabytes: peakBytes / 1e9,
      lastLoss: measured[name].at(-1).loss,
    };
  }
  const faster = (ours, theirs) =>
    measured[ours] &&
    measured[theirs] &&
    median(measured[ours].map(({ seconds }, i) => measured[theirs][i].seconds / seconds));
  const speedUp = faster('pipe', 'pytorch');
  const loraSpeedUp = faster('lora', 'peft');
  report({
    model: title,
    batchSize,
    meanTokens,
    steps,
    results,
    ...(speedUp && { speedUp }),
    ...(loraSpeedUp && { loraSpeedUp }),
  });
} finally {
  rmSync(folder, { recursive: true });
}

function report(summary) {
  if (options.json) {
    console.log(JSON.stringify(summary, null, 2));
    return;
  }
  const machine = `${cpus().length} × ${cpus()[0]?.model}`;
  console.log(`${summary.model}, ${summary.meanTokens.toFixed(0)} tokens an update, ${machine}\n`);
  const columns = [
    'seconds',
    'forward',
    'backward',
    'optimizer',
    'tokensPerSecond',
    'gflops',
    'peakGigabytes',
  ];
  console.log(`${''.padEnd(10)}${columns.map((name) => name.padStart(16)).join('')}`);
  for (const [name, result] of Object.entries(summary.results)) {
    const cells = columns.map((column) => result[column].toPrecision(3).padStart(16));
    console.log(`${name.padEnd(10)}${cells.join('')}`);
  }
  if (summary.speedUp) console.log(`\npipe is ${summary.speedUp.toFixed(2)} times as fast (median of pairs)`);
  if (summary.loraSpeedUp) console.log(`an adapter: ${summary.loraSpeedUp.toFixed(2)} times`);
}
