#!/usr/bin/env node
// What a run costs that has nothing to do: `pipe run` of nine cached stages beside `node -e 0`, which is what any program
// on Node pays. Both run in turns, so that a busy machine slows both; medians are compared. Fair in that both are whole
// processes with their output thrown away; unfair to pipe in that Node has no code of its own to load.
//
//   npm run bench:no-op              41 pairs
//   npm run bench:no-op -- 101       more pairs
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const PAIRS = Number(process.argv[2] ?? 41);
const TARGET = 1.4;
const PIPE = resolve(import.meta.dirname, '../dist/pipe.cjs');

/** The edges of pipelines/alpaca-gpt2-medium.yaml, with stages that take no time to fill the cache. */
const NEEDS = {
  download: [],
  format: ['download'],
  split: ['format'],
  tokenize: ['split'],
  pretrained: [],
  train: ['tokenize', 'pretrained'],
  generate: ['split', 'train'],
  judge: ['generate'],
  report: ['generate', 'judge', 'train'],
};

function pipelineFile() {
  const stages = Object.entries(NEEDS).map(([stage, needs]) => {
    const inputs = needs.map((need) => `${need}: ${need}.out`).join(', ');
    return `  ${stage}:
    uses: command
    inputs: { ${inputs} }
    with: { run: "echo ${stage} > out", outputs: { out: out } }`;
  });
  return `schema: 1\nname: no-op\nstages:\n${stages.join('\n')}\n`;
}

/** Milliseconds that a process took from start to end. Throws where it fails. */
function timed(args, cwd) {
  const start = process.hrtime.bigint();
  const { status } = spawnSync(process.execPath, args, { cwd, stdio: 'ignore' });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

/** Value below which the given share of the samples lies. */
function quantile(samples, share) {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)];
}

const folder = mkdtempSync(join(tmpdir(), 'pipe-bench-'));
try {
  writeFileSync(join(folder, 'package.json'), '{}');
  writeFileSync(join(folder, 'pipeline.yaml'), pipelineFile());
  const run = [PIPE, 'run', 'pipeline.yaml'];
  timed(run, folder); // fills the cache
  timed(run, folder); // and this finds it full

  const node = [];
  const pipe = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    node.push(timed(['-e', '0'], folder));
    pipe.push(timed(run, folder));
  }
  const row = (name, samples) => {
    const shares = [0.5, 0.25, 0.75].map((share) => quantile(samples, share).toFixed(1).padStart(9));
    console.log(`${name.padEnd(28)}${shares.join('')}`);
  };
  console.log(`${PAIRS} pairs, Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model}\n`);
  console.log(`${'milliseconds'.padEnd(28)}   median     25 %     75 %`);
  row('node -e 0', node);
  row('pipe run, 9 stages cached', pipe);
  const ratio = quantile(pipe, 0.5) / quantile(node, 0.5);
  console.log(`\nratio ${ratio.toFixed(2)} (target: at most ${TARGET})`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
