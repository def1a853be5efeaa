#!/usr/bin/env node
// What a run costs that has nothing to do: `pipe run pipelines/alpaca-gpt2-medium.yaml` with all nine stages cached,
// beside `node -e 0`, which is what any program on Node pays. Both run in turns, so that a busy machine slows both;
// medians are compared. Fair in that both are whole processes with their output thrown away; unfair to pipe in that
// Node has no code of its own to load.
//
//   npm run bench:no-op              41 pairs
//   npm run bench:no-op -- 101       more pairs
//
// The cache is filled by a real run: some records and a small random checkpoint in OpenAI's format from a server on this
// machine, and a judge from another that speaks Ollama's API. The judge's model is asked for once a minute, as ever.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importSource, root } from '../scripts/import-source.mjs';
import { machine, quantile, timed } from './measure.mjs';

const PAIRS = Number(process.argv[2] ?? 41);
const TARGET = 1.4;
const PIPE = join(root, 'dist/pipe.cjs');
const PIPELINE = join(root, 'pipelines/alpaca-gpt2-medium.yaml');
const RECORDS = 40;
const SIZE = { n_layer: 2, n_head: 2, n_embd: 16 };

const { startFileServer, startOllamaServer, writeOpenAiCheckpoint } = await importSource(`
  export { startFileServer } from './test/servers/file-server.ts';
  export { startOllamaServer } from './test/servers/ollama-server.ts';
  export { writeOpenAiCheckpoint } from './test/fixtures/openai-checkpoint.ts';`);

const folder = mkdtempSync(join(tmpdir(), 'pipe-bench-'));
const records = JSON.parse(readFileSync(join(root, 'pipelines/data/quickstart.json'), 'utf8')).slice(
  0,
  RECORDS,
);
const data = JSON.stringify(records);
writeFileSync(join(folder, 'records.json'), data);
await writeOpenAiCheckpoint(join(folder, 'gpt2'), { ...SIZE, n_positions: 1024, vocab_size: 50257 }, 7);
const files = await startFileServer(folder);
const ollama = await startOllamaServer(() => '50');
try {
  const settings = {
    'stages.download.with.url': `${files.url}/records.json`,
    'stages.download.with.sha256': `"${createHash('sha256').update(data).digest('hex')}"`,
    'stages.pretrained.with.url': `${files.url}/gpt2/`,
    'stages.pretrained.with.model': JSON.stringify({ use: 'gpt2-medium', ...SIZE }),
    'stages.judge.with.url': ollama.url,
    epochs: 1,
  };
  const overrides = Object.entries(settings).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
  const run = [PIPE, 'run', PIPELINE, '--artifacts', 'artifacts', ...overrides];
  await timed([...run, '--engine', 'wasm'], folder, ['ignore', 'ignore', 'inherit']); // fills the cache
  await timed(run, folder); // and this finds it full

  const node = [];
  const pipe = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    node.push(await timed(['-e', '0'], folder));
    pipe.push(await timed(run, folder));
  }
  const row = (name, samples) => {
    const shares = [0.5, 0.25, 0.75].map((share) => quantile(samples, share).toFixed(1).padStart(9));
    console.log(`${name.padEnd(28)}${shares.join('')}`);
  };
  console.log(`${PAIRS} pairs, ${machine()}\n`);
  console.log(`${'milliseconds'.padEnd(28)}   median     25 %     75 %`);
  row('node -e 0', node);
  row('pipe run, 9 stages cached', pipe);
  const ratio = quantile(pipe, 0.5) / quantile(node, 0.5);
  if (process.env.NODE_EXTRA_CA_CERTS) {
    console.log(
      '\nNODE_EXTRA_CA_CERTS is set: Node 20 reads it at every start, so this ratio is too small. Unset it.',
    );
  }
  console.log(`\nratio ${ratio.toFixed(2)} (target: at most ${TARGET})`);
} finally {
  await files.close();
  await ollama.close();
  rmSync(folder, { recursive: true, force: true });
}
