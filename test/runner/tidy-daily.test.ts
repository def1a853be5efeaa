import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { digestOfBytes } from '../../src/files/digest.ts';
import { thisProcess } from '../../src/files/process-identity.ts';
import { tagRun } from '../../src/runner/events/run-tags.ts';
import { tidyDaily } from '../../src/runner/tidy-daily.ts';
import { openWorkspace, type Workspace } from '../../src/runner/workspace.ts';
import { temporaryDirectory } from '../cache/temporary-directory.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const NOTHING = { runs: 0, work: 0 };

let artifacts: string;
let workspace: Workspace;
beforeEach(async () => {
  artifacts = await temporaryDirectory();
  mkdirSync(join(artifacts, 'cache'));
  workspace = openWorkspace(artifacts, () => {});
});

/** Writes a file that, with all folders that it is in, was last written to so many days ago. */
function old(path: string, days: number, text = ''): void {
  const time = new Date(Date.now() - days * DAY_MS);
  mkdirSync(dirname(join(artifacts, path)), { recursive: true });
  writeFileSync(join(artifacts, path), text);
  for (let part = path; part !== '.'; part = dirname(part)) utimesSync(join(artifacts, part), time, time);
}

/** A stored run, the `index`th by its name; its last event was so many days ago. */
function storeRun(index: number, { days = 100, ended = true } = {}): string {
  const run = `20250101-${String(index).padStart(6, '0')}-0000`;
  const time = new Date(Date.now() - days * DAY_MS).toISOString();
  const about = {
    version: 1,
    run,
    started: time,
    pipeline: 'p',
    file: '/p.yaml',
    params: {},
    argv: [],
    host: 'h',
  };
  const folder = join(artifacts, 'runs', run);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'run.json'), JSON.stringify({ ...about, versions: { pipe: '0', node: '0' } }));
  const counts = { hit: 0, ran: 0, failed: 0, skipped: 0, cancelled: 0 };
  const end = { time, type: 'run-finished', outcome: 'succeeded', duration_ms: 1, counts };
  const start = { time, type: 'run-started', run, pipeline: 'p', file: '/p.yaml', jobs: 1, stages: [] };
  const events = ended ? [start, end] : [start];
  writeFileSync(join(folder, 'events.ndjson'), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return run;
}

describe('an artifacts folder that nobody cleans up', () => {
  it('keeps the newest 1,000 runs, tagged ones, and those that may be at work', async () => {
    const runs = Array.from({ length: 1004 }, (_, i) =>
      storeRun(i, i === 1 ? { ended: false, days: 2 } : i === 2 ? { ended: false, days: 40 } : {}),
    );
    await tagRun(artifacts, 'good', runs[0]!);
    expect(await tidyDaily(workspace, artifacts)).toEqual({ runs: 2, work: 0 });
    expect(readdirSync(workspace.runsDirectory)).toEqual([runs[0], runs[1], ...runs.slice(4)]);
  });

  it('loses unfinished work of the dead that is a month old, and memos', async () => {
    const attempt = '2025-01-31T08-15-30.123Z';
    const dead = JSON.stringify({ ...(await thisProcess()), started: '0' });
    const alive = JSON.stringify(await thisProcess());
    const gone = digestOfBytes('gone');
    const young = digestOfBytes('young');
    const mine = digestOfBytes('mine');
    old(`work/${gone}/${attempt}/owner.json`, 31, dead);
    old(`work/${young}/${attempt}/owner.json`, 29, dead);
    old(`work/${mine}/${attempt}/owner.json`, 31, alive);
    old('cache/observed/old', 31);
    old('cache/observed/young', 29);
    expect(await tidyDaily(workspace, artifacts)).toEqual({ runs: 0, work: 1 });
    expect(readdirSync(workspace.workDirectory).sort()).toEqual([young, mine].sort());
    expect(readdirSync(join(artifacts, 'cache/observed'))).toEqual(['young']);
  });

  it('is looked at once a day', async () => {
    expect(await tidyDaily(workspace, artifacts)).toEqual(NOTHING);
    for (let i = 0; i <= 1000; i++) storeRun(i);
    expect(await tidyDaily(workspace, artifacts)).toEqual(NOTHING);
    old('cache/tidied', 1.01);
    expect(await tidyDaily(workspace, artifacts)).toEqual({ runs: 1, work: 0 });
  });

  it('that nobody may write to is left alone', async () => {
    rmSync(join(artifacts, 'cache'), { recursive: true });
    writeFileSync(join(artifacts, 'cache'), 'no folder');
    expect(await tidyDaily(workspace, artifacts)).toEqual(NOTHING);
    expect(existsSync(join(artifacts, 'runs'))).toBe(false);
  });
});
