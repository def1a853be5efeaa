#!/usr/bin/env node
// Speed of generation: replies to prompts by a GPT-2 with random weights, in float32, greedily, as the `generate` stage
// makes them. Given a Python that has PyTorch and transformers, two others reply in turns with it, batch by batch, so that a
// busy machine slows all: Hugging Face's generate with its cache on the same batches, and the book's loop
// (generate_text_simple), which has no cache and takes one prompt at a time, on one prompt of each batch. Medians are compared.
//
//   npm run bench:generate -- --size medium --records instruction-data.json   the book's 110 test prompts
//   npm run bench:generate -- --size small                                    the prompts of the quickstart
//   npm run bench:generate -- --size medium --python python3                  beside Hugging Face and the book's loop
//   further: --engine onnxruntime, --batch 16, --batches 7 (at most so many), --tokens 24, --json
//
// Random weights never end a reply, so each has all its tokens.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { importSource, root } from '../scripts/import-source.mjs';

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: 'small' },
    engine: { type: 'string', default: 'onnxruntime' },
    batch: { type: 'string', default: '16' },
    batches: { type: 'string', default: 'Infinity' },
    tokens: { type: 'string', default: '24' },
    records: { type: 'string' },
    python: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const NAMES = { pipe: 'pipe', huggingFace: 'Hugging Face generate', book: "the book's loop" };

const { TENSOR_MEMORY, tokenizerFor, renderPrompt } = await importSource(`
  export { TENSOR_MEMORY } from './src/runner/attempt/stage-environment.ts';
  export { tokenizerFor } from './src/text/tokenizer/tokenizer.ts';
  export { renderPrompt } from './src/text/prompt/prompt-style.ts';`);
const yaml = (path) => parse(readFileSync(join(root, 'configs', path), 'utf8'));
const config = { model_type: 'gpt2', ...yaml(`models/gpt2-${options.size}.yaml`), tie_word_embeddings: true };

/** Batches of prompts of like length, as token ids. */
async function promptBatches() {
  const style = yaml('prompts/alpaca.yaml');
  const tokenizer = await tokenizerFor('gpt2');
  const prompts = records()
    .map((record) => Array.from(tokenizer.encode(renderPrompt(style, record))))
    .sort((a, b) => a.length - b.length);
  const size = Number(options.batch);
  const count = Math.min(Math.ceil(prompts.length / size), Number(options.batches));
  return Array.from({ length: count }, (_, i) => prompts.slice(i * size, (i + 1) * size));
}

/** The test part of some records, cut as the `split` stage does it; all records of the quickstart where none are given. */
function records() {
  const path = options.records ?? join(root, 'pipelines/data/quickstart.json');
  const all = JSON.parse(readFileSync(path, 'utf8'));
  if (!options.records) return all;
  const from = Math.floor(all.length * 0.85);
  return all.slice(from, from + Math.floor(all.length * 0.1));
}

/** A process that makes the replies that each line it is sent asks for. */
function startWorker(command, args, environment = {}) {
  const env = { ...process.env, ...environment };
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const failure = new Promise((_, reject) => child.once('error', reject));
  failure.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await Promise.race([lines.next(), failure]);
    if (done) throw new Error(`${command} ended early`);
    return JSON.parse(value);
  };
  return {
    ready: next,
    ask: (question) => {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return next();
    },
    end: () => child.stdin.end(),
  };
}

async function startPython(job) {
  try {
    const worker = startWorker(options.python, [join(root, 'bench/generate_pytorch.py'), job]);
    await worker.ready();
    return worker;
  } catch (error) {
    console.error(
      `Without Hugging Face and the book's loop: ${error.message}. Do torch and transformers load there?`,
    );
    return undefined;
  }
}

const median = (samples) => samples.toSorted((a, b) => a - b)[Math.floor((samples.length - 1) / 2)];
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

const batches = await promptBatches();
const folder = mkdtempSync(join(tmpdir(), 'pipe-bench-'));
try {
  const job = join(folder, 'job.json');
  const tokens = Number(options.tokens);
  writeFileSync(job, JSON.stringify({ engine: options.engine, config, batches, tokens }));
  const program = join(root, 'bench/generate-worker.mjs');
  const pipe = startWorker(process.execPath, [program, job], TENSOR_MEMORY);
  const { startSeconds } = await pipe.ready();
  const python = options.python && (await startPython(job));
  const measured = { pipe: [], ...(python && { huggingFace: [], book: [] }) };
  for (const place of batches.keys()) {
    measured.pipe.push(await pipe.ask({ batch: place }));
    if (!python) continue;
    measured.huggingFace.push(await python.ask({ batch: place }));
    measured.book.push(await python.ask({ book: place }));
  }
  const { peakBytes } = await pipe.ask({ end: true });
  pipe.end();
  python?.end();

  const rate = ({ replies, seconds }) => (replies * tokens) / seconds;
  const results = Object.fromEntries(
    Object.entries(measured).map(([name, batches]) => [
      name,
      {
        tokensPerSecond: median(batches.map(rate)),
        seconds: sum(batches.map(({ seconds }) => seconds)),
        ...(name !== 'pipe' && {
          speedUp: median(measured.pipe.map((mine, i) => rate(mine) / rate(batches[i]))),
        }),
      },
    ]),
  );
  const prompts = sum(batches.map(({ length }) => length));
  report({ size: options.size, prompts, tokens, startSeconds, peakGigabytes: peakBytes / 1e9, results });
} finally {
  rmSync(folder, { recursive: true });
}

function report(summary) {
  if (options.json) {
    console.log(JSON.stringify(summary, null, 2));
    return;
  }
  const { size, prompts, tokens, startSeconds, peakGigabytes, results } = summary;
  console.log(
    `GPT-2 ${size}, ${prompts} prompts, ${tokens} tokens each, ${cpus().length} × ${cpus()[0]?.model}\n` +
      `pipe: weights laid out in ${startSeconds.toFixed(1)} s, peak memory ${peakGigabytes.toFixed(2)} GB\n`,
  );
  console.log(`${''.padEnd(24)}${'tokens/s'.padStart(10)}${'seconds'.padStart(10)}   pipe is`);
  for (const [name, { tokensPerSecond, seconds, speedUp }] of Object.entries(results)) {
    const faster = speedUp === undefined ? '' : `   ${speedUp.toFixed(1)} times as fast (median of pairs)`;
    console.log(
      `${NAMES[name].padEnd(24)}${tokensPerSecond.toPrecision(3).padStart(10)}${seconds.toFixed(1).padStart(10)}${faster}`,
    );
  }
}
