#!/usr/bin/env node
// What starting a stage costs: `pipe run` of 100 independent stages that each run `touch`, beside 100 bare `node -e 0`
// processes, as many at a time as `--jobs` allows. Both run in turns, so that a busy machine slows both; medians of whole
// runs are compared. Fair in that a stage is a Node process too; unfair to pipe in that a bare process loads no code,
// starts no program, and stores and records nothing.
//
//   npm run bench:stages             5 turns with each of --jobs 1, 2 and 4
//   npm run bench:stages -- 11       more turns
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../scripts/import-source.mjs';
import { machine, median, quantile, timed } from './measure.mjs';

const TURNS = Number(process.argv[2] ?? 5);
const JOBS = [1, 2, 4];
const STAGES = 100;
const TARGET = 1.5;
const PIPE = join(root, 'dist/pipe.cjs');

/** No stage asks for a core: the machine's number of cores is no limit besides `--jobs`. */
function pipelineText() {
  const stages = Array.from(
    { length: STAGES },
    (_, index) => `  touch-${index}:
    uses: command
    resources: { cpu: 0 }
    with: { run: [touch, out-${index}], outputs: { out: out-${index} } }`,
  );
  return `schema: 1\nname: stages\nstages:\n${stages.join('\n')}\n`;
}

/** Milliseconds that bare Node processes take, `jobs` of them at a time. */
async function bareProcesses(jobs) {
  const start = performance.now();
  let left = STAGES;
  const worker = async () => {
    while (left-- > 0) await timed(['-e', '0'], folder);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return performance.now() - start;
}

/** Milliseconds of a whole run with an empty cache. */
async function stageRun(jobs) {
  const artifacts = join(folder, 'artifacts');
  const args = [PIPE, 'run', 'stages.yaml', '--artifacts', artifacts, '--jobs', String(jobs)];
  const time = await timed(args, folder, ['ignore', 'ignore', 'inherit']);
  rmSync(artifacts, { recursive: true });
  return time;
}

const folder = mkdtempSync(join(tmpdir(), 'pipe-bench-'));
try {
  writeFileSync(join(folder, 'stages.yaml'), pipelineText());
  console.log(`${STAGES} stages, ${TURNS} turns, ${machine()}\n`);
  console.log('jobs   what                median      25 %      75 %   a stage   ratio');
  for (const jobs of JOBS) {
    const samples = { 'node -e 0': [], 'pipe run': [] };
    for (let turn = 0; turn < TURNS; turn++) {
      samples['node -e 0'].push(await bareProcesses(jobs));
      samples['pipe run'].push(await stageRun(jobs));
    }
    for (const [what, times] of Object.entries(samples)) {
      const shares = [0.5, 0.25, 0.75].map((share) => `${quantile(times, share).toFixed(0).padStart(7)} ms`);
      const each = `${(median(times) / STAGES).toFixed(1).padStart(7)} ms`;
      const ratio = (median(times) / median(samples['node -e 0'])).toFixed(2);
      console.log(`${String(jobs).padStart(4)}   ${what.padEnd(16)}${shares.join('')}${each}   ${ratio}`);
    }
  }
  console.log(`\ntarget: at most ${TARGET} times the bare processes`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
