#!/usr/bin/env node
// How long the experiment of the book takes here: pipelines/alpaca-gpt2-medium.yaml as a user runs it, on the real
// records, with nothing overridden but where things come from. The weights are random, in OpenAI's format and of full size:
// training takes the same time, while generation never ends a reply by itself, so its length is set (24 tokens, about what
// a trained model needs). The judge only says a number at once: its time is that of a language model, not of pipe.
//
//   npm run bench:experiment -- --records instruction-data.json [--size small|medium] [--epochs 2] [--tokens 24] [--kill 0.5]
//
// With --kill the run is killed (kill -9) once that share of the updates is made, and started again: it goes on from the last
// checkpoint, and the digests at the end must be those of a run without it. Beside it stand the figures that a reader published
// for the same chapter: 88.43 minutes of training on a T1200 laptop GPU, 9:12 to generate the 110 responses.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { importSource, root } from '../scripts/import-source.mjs';

const SHAPES = {
  small: { n_layer: 12, n_head: 12, n_embd: 768 },
  medium: { n_layer: 24, n_head: 16, n_embd: 1024 },
};
const READER_SECONDS = { train: 88.43 * 60, generate: 9 * 60 + 12 };

const { values: options } = parseArgs({
  options: {
    records: { type: 'string' },
    size: { type: 'string', default: 'medium' },
    epochs: { type: 'string', default: '2' },
    tokens: { type: 'string', default: '24' },
    kill: { type: 'string' },
  },
});
const shape = SHAPES[options.size];
if (options.records === undefined || shape === undefined) {
  console.error(
    "Give the book's records: --records instruction-data.json; and a size: --size small or medium.",
  );
  process.exit(2);
}

const { startFileServer, startOllamaServer, writeOpenAiCheckpoint } = await importSource(`
  export { startFileServer } from './test/servers/file-server.ts';
  export { startOllamaServer } from './test/servers/ollama-server.ts';
  export { writeOpenAiCheckpoint } from './test/fixtures/openai-checkpoint.ts';`);

const folder = mkdtempSync(join(tmpdir(), 'pipe-bench-'));
writeFileSync(join(folder, 'records.json'), readFileSync(options.records));
await writeOpenAiCheckpoint(join(folder, 'gpt2'), { ...shape, n_positions: 1024, vocab_size: 50257 }, 7);
const files = await startFileServer(folder);
const ollama = await startOllamaServer(() => '50');
try {
  const settings = {
    'stages.download.with.url': `${files.url}/records.json`,
    'stages.pretrained.with.url': `${files.url}/gpt2/`,
    'stages.judge.with.url': ollama.url,
    'stages.generate.with.max_new_tokens': options.tokens,
    epochs: options.epochs,
  };
  const overrides = Object.entries(settings).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
  if (options.kill !== undefined) await run(overrides, Number(options.kill));
  const finished = await run(overrides);
  const load = loadavg().map((value) => value.toFixed(1));
  console.log(
    `\nGPT-2 ${options.size}, ${options.epochs} epochs; ${cpus().length} × ${cpus()[0]?.model}, load ${load}`,
  );
  for (const { stage, duration_ms } of finished) {
    const took = duration_ms / 1000;
    const reader = READER_SECONDS[stage];
    const beside =
      reader === undefined
        ? ''
        : `   reader ${reader.toFixed(0)} s, ${(reader / took).toFixed(1)} times as long`;
    console.log(`${stage.padEnd(12)}${took.toFixed(1).padStart(9)} s${beside}`);
  }
  for (const { stage, outputs } of finished) {
    for (const [name, { digest }] of Object.entries(outputs)) console.log(`${stage}.${name}  ${digest}`);
  }
} finally {
  await files.close();
  await ollama.close();
  rmSync(folder, { recursive: true, force: true });
}

/**
 * The `stage-finished` events of a run. Shows the progress of the training meanwhile, and kills the runner when `killAt` of
 * its updates are made. Throws where it ends otherwise than it should.
 */
async function run(overrides, killAt) {
  const pipeline = join(root, `pipelines/alpaca-gpt2-${options.size}.yaml`);
  const args = ['run', pipeline, '--json', '--artifacts', join(folder, 'artifacts'), ...overrides];
  const child = spawn(process.execPath, [join(root, 'dist/pipe.cjs'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
  const finished = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line);
    if (event.type === 'engine-chosen') console.log(`engine ${event.engine}`);
    if (event.type === 'stage-log' && event.stage === 'train') console.log(`${event.time} ${event.message}`);
    if (event.type === 'stage-progress' && event.unit === 'steps' && event.done >= killAt * event.total) {
      console.log(`${event.time} kill -9 after ${event.done} of ${event.total} updates`);
      child.kill('SIGKILL');
      break;
    }
    if (event.type === 'stage-finished') finished.push(event);
    if (event.error) console.error(event.error.message);
  }
  const end = await ended;
  if (end !== (killAt === undefined ? 0 : 'SIGKILL')) throw new Error(`the run ended with ${end}`);
  return finished;
}
