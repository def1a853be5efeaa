import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/runner/events/run-event.ts';
import { listRuns, RunStore, readRun } from '../../../src/runner/events/run-store.ts';

let artifacts: string;
let directory: string;

beforeEach(() => {
  artifacts = mkdtempSync(join(tmpdir(), 'pipe-runs-'));
  directory = join(artifacts, 'runs');
});
afterEach(() => rmSync(artifacts, { recursive: true }));

const about = {
  pipeline: 'test',
  file: '/p/test.yaml',
  params: { epochs: 2 },
  argv: ['run'],
  host: 'here',
  versions: { pipe: '1' },
};
const event: RunEvent = {
  time: '2026-01-01T00:00:00.000Z',
  type: 'stage-metric',
  stage: 'a',
  name: 'x',
  value: 1,
};

describe('the run store', () => {
  it('gives back what a run was and what it told', async () => {
    const store = await RunStore.create(directory, about);
    store.append(event);
    store.append(event);
    store.close();
    expect(store.about.run).toMatch(/^\d{8}-\d{6}-[0-9a-f]{4}$/);
    expect(await readRun(directory, store.about.run)).toEqual({ about: store.about, events: [event, event] });
  });

  it('takes no event after its end: the descriptor may be another file by then', async () => {
    const store = await RunStore.create(directory, about);
    store.close();
    expect(() => store.append(event)).toThrow('the run is over');
  });

  it.skipIf(process.platform !== 'linux')(
    'says why nothing is stored where its folder cannot be made',
    async () => {
      const store = await RunStore.create('/proc/runs', about);
      expect(store.problem?.message).toContain('/proc/runs');
      store.append(event);
      store.close();
    },
  );

  it('reads a run that was killed while it wrote an event', async () => {
    const store = await RunStore.create(directory, about);
    store.append(event);
    store.close();
    appendFileSync(join(store.directory, 'events.ndjson'), '{"time":"2026');
    expect((await readRun(directory, store.about.run))?.events).toEqual([event]);
  });

  it.each([
    'null',
    '[]',
    '"text"',
    '{"version":1}',
    'garbage',
    '{"version":1,"run":1,"started":"never"}',
    '',
  ])('leaves out a run whose run.json is %j, with a word', async (text) => {
    const store = await RunStore.create(directory, about);
    store.close();
    writeFileSync(join(store.directory, 'run.json'), text);
    const said: string[] = [];
    expect(await readRun(directory, store.about.run, (message) => said.push(message))).toBeUndefined();
    expect(said).toEqual([expect.stringContaining(store.about.run)]);
  });

  it('leaves out events that are none, and a fifo in the place of a file', async () => {
    const store = await RunStore.create(directory, about);
    const events = join(store.directory, 'events.ndjson');
    appendFileSync(
      events,
      'null\n[]\n7\ngarbage\n{"type":"run-finished"}\n{"type":"stage-started","stage":{}}\n',
    );
    store.append(event);
    store.close();
    expect((await readRun(directory, store.about.run))?.events).toEqual([event]);
    if (process.platform === 'win32') return;
    rmSync(events);
    execFileSync('mkfifo', [events]);
    expect(await readRun(directory, store.about.run)).toBeUndefined();
  });

  it('lists runs, newest first, and nothing else', async () => {
    const stores = [await RunStore.create(directory, about), await RunStore.create(directory, about)];
    for (const store of stores) store.close();
    writeFileSync(join(directory, 'notes.txt'), '');
    const names = stores.map((store) => store.about.run);
    expect(new Set(names).size).toBe(2);
    expect(await listRuns(directory)).toEqual([...names].sort().reverse());
    expect(await listRuns(join(directory, 'none'))).toEqual([]);
    expect(await readRun(directory, '20260101-000000-abcd')).toBeUndefined();
  });

  it('gives every attempt a log of its own, whatever a variant is called', async () => {
    const store = await RunStore.create(directory, about);
    const logs = [
      'train',
      'train [data=a/b]',
      'train [data=a%2Fb]',
      `train [text=${'x'.repeat(300)}]`,
      `train [text=${'漢'.repeat(120)}]`,
    ].flatMap((stage) => [store.logFile(stage, 1), store.logFile(stage, 2)]);
    store.close();
    for (const log of logs) writeFileSync(log, '', { flag: 'wx' });
    expect(logs[0]).toBe(join(store.directory, 'logs', 'train.1.log'));
  });
});

describe('the names of runs', () => {
  it('sort by the millisecond in which they started, and many may start in one', async () => {
    const names: string[] = [];
    for (let run = 0; run < 20; run++) {
      const stores = await Promise.all([1, 2, 3].map(() => RunStore.create(directory, about)));
      for (const store of stores) store.close();
      names.push(...stores.map(({ about }) => about.run).sort());
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(new Set(names).size).toBe(60);
    expect(await listRuns(directory)).toEqual(names.toReversed());
  });
});

describe('the folder of all artifacts', () => {
  it('is kept out of git, unless the user says otherwise', async () => {
    const file = join(artifacts, '.gitignore');
    (await RunStore.create(directory, about)).close();
    expect(readFileSync(file, 'utf8')).toBe('*\n');
    writeFileSync(file, '!models\n');
    (await RunStore.create(directory, about)).close();
    expect(readFileSync(file, 'utf8')).toBe('!models\n');
  });
});
