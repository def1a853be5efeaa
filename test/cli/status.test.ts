import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { Status } from '../../src/cli/json-shapes/status.ts';
import { PacedProject } from './screens/paced-project.ts';

let project: PacedProject;
afterEach(() => project.remove());

/** Starts a run and waits until its judge has answered five of eight questions, and another stage has failed. */
async function runAtWork(): Promise<void> {
  project = new PacedProject();
  project.write(
    'work.yaml',
    `schema: 1\nname: work\nstages:\n  wrong: ${project.step('wrong')}\n  judge: ${project.judge('judge')}\n  last: ${project.step('last', 'wrong')}\n`,
  );
  project.let('wrong', 'fail');
  project.let('judge', 5);
  project.start(['run', 'work.yaml']);
  await expect
    .poll(async () => (await status()).running[0]?.progress?.done, { timeout: 20_000, interval: 100 })
    .toBe(5);
  await expect
    .poll(async () => (await status()).runs[0]?.counts?.failed, { timeout: 20_000, interval: 100 })
    .toBe(1);
}

async function status(): Promise<Status> {
  return JSON.parse((await project.pipe(['status', '--json'])).stdout);
}

describe('pipe status, from another terminal', () => {
  it('says how far a run is, and each of its stages', async () => {
    await runAtWork();
    const { runs, running } = await status();
    expect(runs).toMatchObject([
      {
        outcome: 'running',
        stages: 3,
        counts: { hit: 0, ran: 0, failed: 1, skipped: 1, cancelled: 0 },
      },
    ]);
    const [work] = running;
    expect(work).toMatchObject({
      stage: 'judge',
      run: runs[0]!.run,
      progress: { done: 5, total: 8, unit: 'items', percent: 62, metrics: { mean_score: 50 } },
    });
    expect(Date.parse(work!.started!)).toBeLessThanOrEqual(Date.now());

    const { stdout } = await project.pipe(['status', 'work.yaml']);
    expect(stdout).toMatch(/running {5}work {2}0 of 3 stages done, 1 failed\n/);
    expect(stdout).toMatch(
      /^judge {2}62 %, (.+ left, )?5\/8 items, .*mean score 50 {2}process \d+ on .* \(run .*\)$/m,
    );
    expect(stdout).toMatch(/^run {6}judge {2}runs now: 62 %, /m);
    expect(stdout).toMatch(/^run {6}wrong {2}not run before$/m);
  });

  it('shows what it can of a run whose events are damaged', async () => {
    await runAtWork();
    const runs = project.path('artifacts/runs');
    const events = `${runs}/${readdirSync(runs)[0]}/events.ndjson`;
    const lines = readFileSync(events, 'utf8').split('\n');
    writeFileSync(events, lines.filter((line) => !line.includes('"run-started"')).join('\n'));
    const { code, stdout, stderr } = await project.pipe(['status']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^judge {2}.*process \d+/m);
  });
});
