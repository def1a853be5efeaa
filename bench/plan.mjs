#!/usr/bin/env node
// What planning costs: `pipe plan` of 1,000, 3,000 and 10,000 stages, beside `node -e 0`, which is what any program on
// Node pays. Both run in turns, so that a busy machine slows both; medians of whole processes are compared.
//
//   npm run bench:plan               7 turns
//   npm run bench:plan -- 21         more turns
//
// The pipeline is made of families of ten `command` stages: one reads a file, five take what it gives, each with
// settings of its own, three follow in a chain, one joins all of it. It is planned in three states of the cache:
//   nothing      no stage has run; the files are stored
//   everything   every stage has a record
//   other        every stage was renamed and changed, so that each miss is explained by the stage that was most like it
// The records are written by pipe's own modules. Their outputs do not exist, and nobody looks: a hit needs no output.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importSource, root } from '../scripts/import-source.mjs';
import { machine, median, peakMemory, quantile, timed } from './measure.mjs';

const TURNS = Number(process.argv[2] ?? 7);
const SIZES = [1_000, 3_000, 10_000];
const TARGET = '10,000 stages: at most 800 ms and 300 MB';
const PIPE = join(root, 'dist/pipe.cjs');
const FAN = 5;
const FAMILY = 10;

const { Decider, digestOfBytes, openPipeline, openWorkspace, RECORD_VERSION, rememberKey } =
  await importSource(`
    export { RECORD_VERSION } from './src/cache/records/action-record.ts';
    export { digestOfBytes } from './src/files/digest.ts';
    export { rememberKey } from './src/cache/records/latest.ts';
    export { openPipeline } from './src/cli/open/open-pipeline.ts';
    export { Decider } from './src/runner/plan/decide.ts';
    export { openWorkspace } from './src/runner/workspace.ts';`);

/** A pipeline file of families; `prefix` begins the stages' names, `parts` is a setting of all of them. */
function pipelineText(stages, { prefix = '', parts = 4 } = {}) {
  const lines = ['schema: 1', 'name: many', `params: { parts: ${parts} }`, 'stages:'];
  const stage = (name, inputs, script) =>
    lines.push(
      `  ${name}:`,
      '    uses: command',
      `    inputs: { ${inputs.join(', ')} }`,
      `    with: { run: "${script} --parts \${params.parts} > out", outputs: { out: out } }`,
    );
  for (let family = 0; family < stages / FAMILY; family++) {
    const name = (what) => `${prefix}${what}-${family}`;
    stage(name('read'), [`source: { file: ./data/${family}.txt }`], 'sort inputs/source');
    for (let index = 0; index < FAN; index++) {
      stage(name(`part-${index}`), [`lines: ${name('read')}.out`], `split.py inputs/lines --part ${index}`);
    }
    stage(name('clean'), [`lines: ${name('part-0')}.out`], 'clean.py inputs/lines');
    stage(name('count'), [`lines: ${name('clean')}.out`], 'wc -w inputs/lines');
    stage(name('score'), [`counts: ${name('count')}.out`], 'score.py inputs/counts');
    const joined = Array.from({ length: FAN }, (_, index) => `part-${index}: ${name(`part-${index}`)}.out`);
    stage(name('join'), [`scores: ${name('score')}.out`, ...joined], 'join.py inputs');
  }
  return `${lines.join('\n')}\n`;
}

/** Writes a record for every stage of a pipeline file, as a run would have. */
async function fillCache(file, artifactsDirectory) {
  const pipeline = await openPipeline(file, { set: [] });
  const workspace = openWorkspace(artifactsDirectory, ({ message }) => console.warn(message));
  const decider = new Decider(pipeline, workspace, { environment: {}, offline: true });
  const records = new Map();
  const writes = [];
  for (const stage of pipeline.stages) {
    const { key, manifest } = await decider.action(stage, (id) => records.get(id));
    const outputs = { out: { artifact: 'file', digest: digestOfBytes(key), bytes: 100_000 } };
    const provenance = { run: '20260101-000000-0000', finished: '2026-01-01T00:00:00.000Z' };
    const record = { record: RECORD_VERSION, key, manifest, outputs, observed: {}, provenance };
    records.set(stage.id, record);
    writes.push(
      workspace.records.add(record),
      rememberKey(workspace.cacheDirectory, { pipeline: pipeline.name, stage: stage.id }, key),
    );
    if (writes.length > 50) await Promise.all(writes.splice(0));
  }
  await Promise.all(writes);
}

const folder = mkdtempSync(join(tmpdir(), 'pipe-bench-'));
try {
  console.log(`${TURNS} turns, ${machine()}\n`);
  console.log(
    'stages   cached            median      25 %      75 %   less node -e 0   a stage   peak memory',
  );
  for (const size of SIZES) {
    const place = join(folder, String(size));
    mkdirSync(join(place, 'data'), { recursive: true });
    for (let family = 0; family < size / FAMILY; family++) {
      writeFileSync(join(place, 'data', `${family}.txt`), `line ${family}\n`);
    }
    const [file, other] = [join(place, 'pipeline.yaml'), join(place, 'other.yaml')];
    writeFileSync(file, pipelineText(size));
    writeFileSync(other, pipelineText(size, { prefix: 'new-', parts: 5 }));
    const [empty, full] = [join(place, 'empty'), join(place, 'full')];
    await fillCache(file, full);
    const states = {
      nothing: [PIPE, 'plan', file, '--artifacts', empty],
      everything: [PIPE, 'plan', file, '--artifacts', full],
      other: [PIPE, 'plan', other, '--artifacts', full],
    };
    const samples = Object.fromEntries(Object.keys(states).map((state) => [state, []]));
    const node = [];
    for (const args of Object.values(states)) await timed(args, place, ['ignore', 'ignore', 'inherit']);
    for (let turn = 0; turn < TURNS; turn++) {
      node.push(await timed(['-e', '0'], place));
      for (const [state, args] of Object.entries(states)) samples[state].push(await timed(args, place));
    }
    for (const [state, args] of Object.entries(states)) {
      const own = median(samples[state]) - median(node);
      const shares = [0.5, 0.25, 0.75].map((share) => quantile(samples[state], share).toFixed(0).padStart(7));
      const memory = await peakMemory(args, place);
      console.log(
        `${String(size).padStart(6)}   ${state.padEnd(12)}${shares.map((text) => `${text} ms`).join('')}` +
          `${own.toFixed(0).padStart(14)} ms${((own / size) * 1000).toFixed(0).padStart(7)} µs${memory.toFixed(0).padStart(11)} MB`,
      );
    }
    console.log(`         node -e 0   ${median(node).toFixed(0).padStart(6)} ms`);
  }
  console.log(`\ntarget for nothing and everything: ${TARGET}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
