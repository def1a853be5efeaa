import { createWriteStream, existsSync, readFileSync, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, expect, it } from 'vitest';
import { Project } from './rig.ts';

/** Lines of data; the long suite has five million, 2 GB. */
const LINES = Number(process.env.PIPE_DATA_LINES ?? 100_000);
/** Most that the stage's process may have in memory at once, in MB. */
const MOST_MEMORY = 500;

const PIPELINE = `schema: 1
name: large
stages:
  format:
    uses: format
    inputs: { data: { file: ./data.jsonl } }
    with: { prompt: alpaca }
`;
/** Loaded into every process: writes the most memory that it had, in kB. */
const PEAK = `process.on('exit', () => {
  require('fs').appendFileSync(process.env.PEAKS, process.resourceUsage().maxRSS + ' ' + process.argv.join(' ') + '\\n');
});`;

function* lines(): Generator<string> {
  const words = 'the quick brown fox jumps over the lazy dog and goes home '.repeat(6);
  for (let at = 0; at < LINES; at += 1000) {
    let text = '';
    for (let i = at; i < Math.min(at + 1000, LINES); i++)
      text += `${JSON.stringify({ instruction: `Repeat ${i}`, input: '', output: `${words}${i}` })}\n`;
    yield text;
  }
}

let project: Project;
afterEach(() => project.remove());

it(`${LINES} JSON Lines become records in less than ${MOST_MEMORY} MB of memory`, async () => {
  project = new Project({ 'pipeline.yaml': PIPELINE, 'peak.cjs': PEAK });
  await pipeline(Readable.from(lines()), createWriteStream(project.path('data.jsonl')));
  const peaks = project.path('peaks.txt');
  const { code, stdout } = await project.pipe(['run', 'pipeline.yaml'], {
    NODE_OPTIONS: `--require ${project.path('peak.cjs')}`,
    PEAKS: peaks,
  });
  expect(stdout).toContain(`${LINES} records`);
  expect(code).toBe(0);
  const processes = readFileSync(peaks, 'utf8').trim().split('\n');
  const stage = processes.filter((line) => line.includes('stage-host'));
  expect(stage).toHaveLength(1);
  const memory = Math.round(Number.parseInt(stage[0]!, 10) / 1024);
  const megabytes = Math.round(statSync(project.path('data.jsonl')).size / 1e6);
  console.info(`${LINES} lines, ${megabytes} MB: the stage had ${memory} MB in memory at most`);
  expect(memory).toBeLessThan(MOST_MEMORY);
  expect(existsSync(project.path('artifacts'))).toBe(true);
}, 3_600_000);
