import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RunState } from '../../src/reporters/run-state.ts';
import { TreeReporter } from '../../src/reporters/tree.ts';
import { treeLines } from '../../src/reporters/tree-lines.ts';
import type { RunEvent } from '../../src/runner/events/run-event.ts';
import { noPaint } from '../../src/terminal/paint.ts';
import {
  at,
  cachedRun,
  failedRun,
  ReadableOutput,
  reason,
  runStarted,
  trainStarted,
} from './recorded-run.ts';

const EPOCH = Date.UTC(2026, 0, 1);

function stateAfter(events: readonly RunEvent[]): RunState {
  const state = new RunState();
  for (const event of events) state.apply(event);
  return state;
}

function drawn(
  events: readonly RunEvent[],
  { columns = 80, rows = 24, seconds = 0 } = {},
): readonly string[] {
  return treeLines(stateAfter(events), { columns, rows, now: EPOCH + seconds * 1000, paint: noPaint });
}

describe('tree lines', () => {
  it('show state, reason, progress, rate and time left', () => {
    const whileTraining = failedRun.slice(
      0,
      failedRun.findIndex((event) => event.type === 'stage-metric'),
    );
    expect(drawn(whileTraining, { seconds: 12 })).toEqual([
      '= data   nothing changed',
      '⠋ train  50 %, 10 s left, 116/232 steps, 12/s, train loss 0.2942',
      '· judge  after train',
      '1 of 3 stages done, 12 s',
    ]);
    expect(drawn(failedRun)).toEqual([
      '= data   nothing changed',
      '✔ train  13 s  learning_rate 0.00005 -> 0.0001',
      '✖ judge  Ollama has no model llama3',
    ]);
  });

  it('add a bar where the terminal is wide enough', () => {
    const half = at(3, { type: 'stage-progress', stage: 'train', done: 116, total: 232, unit: 'steps' });
    expect(drawn([runStarted, trainStarted, half], { columns: 120 })[1]).toBe(
      '⠋ train  ━━━━━━━━┄┄┄┄┄┄┄┄ 50 %, 116/232 steps',
    );
  });

  it('show for how long a stage without progress has been at work', () => {
    expect(drawn([runStarted, trainStarted], { seconds: 3.5 })[1]).toBe(
      '⠴ train  2.5 s  learning_rate 0.00005 -> 0.0001',
    );
  });

  it('never exceed the width of the terminal, and keep to one line', () => {
    const long = at(1, {
      type: 'stage-planned',
      stage: 'judge',
      state: 'run',
      reason: reason('changed', `${'x'.repeat(300)}\nsecond line`),
    });
    for (const columns of [40, 80, 120]) {
      for (const line of drawn([...failedRun, long], { columns })) expect(line.length).toBeLessThan(columns);
    }
  });

  it('say how long the run will still take, by what stages took before and by what those that run say', () => {
    const estimated = (left_ms: number, unknown: number) =>
      at(2, { type: 'run-estimated', left_ms, unknown });
    const progress = (seconds: number, done: number) =>
      at(seconds, { type: 'stage-progress', stage: 'train', done, total: 232, unit: 'steps' });
    const events = [runStarted, trainStarted];
    const footer = (more: readonly RunEvent[]) =>
      drawn([...events, ...more], { seconds: 12 })
        .at(-1)!
        .split(', 0 of')[0];
    expect(footer([])).toBe('0 of 3 stages done, 12 s');
    expect(footer([estimated(70_000, 0)])).toBe('about 1 min 00 s left');
    expect(footer([estimated(70_000, 2)])).toBe('more than 1 min 00 s left');
    expect(footer([estimated(5000, 0)])).toBe('0 of 3 stages done, 12 s');
    expect(footer([estimated(5000, 0), progress(2, 0), progress(12, 116)])).toBe('about 10 s left');
  });

  it('say how far the uploads are that a run still waits for', () => {
    const uploading = (seconds: number, sent_bytes: number) =>
      at(seconds, { type: 'uploading', results: 1, sent_bytes, total_bytes: 1.6e9 });
    expect(
      drawn([...failedRun.slice(0, -1), uploading(20, 0), uploading(30, 8e8)], { seconds: 30 }).at(-1),
    ).toMatch(/^uploading 1 result: 50 %, 10 s left, 800 MB of 1.6 GB, 80 MB\/s; Ctrl-C ends/);
  });

  it('keep percentage and time left at 40 columns', () => {
    const stage = 'train[learning_rate=0.00001,epochs=2]';
    const started = { ...runStarted, stages: [{ stage, uses: 'train', needs: [] }] } as RunEvent;
    const progress = (seconds: number, done: number) =>
      at(seconds, { type: 'stage-progress', stage, done, total: 232, unit: 'steps' });
    const events = [started, { ...trainStarted, stage } as RunEvent, progress(2, 1), progress(12, 2)];
    expect(drawn(events, { columns: 40, seconds: 12 })).toEqual([
      '⠋ t…[0.00001,2]  0 %, 38 min 20 s left…',
      '0 of 1 stage done, 12 s',
    ]);
  });

  describe('of 50 stages in a terminal of 10 rows', () => {
    const stages = Array.from({ length: 50 }, (_, index) => ({
      stage: `s${index}`,
      uses: 'command',
      needs: [],
    }));
    const many = { ...runStarted, stages } as RunEvent;
    const start = (index: number) => ({ ...trainStarted, stage: `s${index}` }) as RunEvent;
    const end = (index: number, outcome: 'ran' | 'failed') =>
      at(2, {
        type: 'stage-finished',
        stage: `s${index}`,
        outcome,
        reason: reason('failed', 'it broke'),
        duration_ms: 1000,
        outputs: {},
      });

    it('use all rows: what runs, what failed, then what ended last, then what comes next, and count the rest', () => {
      expect(drawn([many, start(7)], { rows: 10 })).toEqual([
        ...Array.from({ length: 6 }, (_, index) => `· s${index}`),
        '⠋ s7  0.0 s  learning_rate 0.00005 -> 0.0001',
        '… and 43 to come',
        '0 of 50 stages done, 0.0 s',
      ]);
      const ended = [1, 2, 3, 4, 5, 6, 8, 9].map((index) => end(index, index === 2 ? 'failed' : 'ran'));
      const lines = drawn([many, start(40), start(30), ...ended], { rows: 10, seconds: 1 });
      expect(lines.map((line) => line.split(/ {2}/)[0])).toEqual([
        '✖ s2',
        '✔ s5',
        '✔ s6',
        '✔ s8',
        '✔ s9',
        '⠋ s30',
        '⠋ s40',
        '… and 3 done, 40 to come',
        '7 of 50 stages done, 1 failed, 1.0 s',
      ]);
    });

    it('never take more rows than there are, whatever has happened', () => {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.integer({ min: 0, max: 49 }), fc.constantFrom('ran', 'failed', 'start'))),
          fc.integer({ min: 3, max: 60 }),
          (history, rows) => {
            const events = history.map(([index, what]) =>
              what === 'start' ? start(index) : end(index, what),
            );
            const lines = drawn([many, ...events], { rows });
            expect(lines.length).toBeLessThan(rows);
            const left = lines.find((line) => line.startsWith('… and '))?.match(/\d+/g) ?? [];
            const counted = left.reduce((sum, count) => sum + Number(count), 0);
            const shown = lines.filter((line) => /^\S s\d/.test(line)).length;
            expect(shown + counted).toBe(50);
          },
        ),
      );
    });
  });
});

describe('tree reporter', () => {
  async function reported(events: readonly RunEvent[]): Promise<string> {
    const output = new ReadableOutput({ isTTY: true });
    const reporter = new TreeReporter(output);
    for (const event of events) reporter.report(event);
    await reporter.close();
    return stripVTControlCharacters(output.text);
  }

  it('writes what stages say above the tree and the summary below it', async () => {
    const text = await reported(failedRun);
    const [said, tree, summary] = ['The car is fast.', '✔ train', 'judge failed:'].map((part) =>
      text.indexOf(part),
    );
    expect(said).toBeGreaterThan(-1);
    expect(tree).toBeGreaterThan(said ?? 0);
    expect(summary).toBeGreaterThan(tree ?? 0);
    expect(text.endsWith('To continue: pipe run small.yaml\n')).toBe(true);
  });

  it('draws no tree where everything is cached', async () => {
    expect(await reported(cachedRun)).toBe(`\
small  3 stages, at most 2 at once, run r1
Nothing to do: 3 stages, all cached (0.0 s)
`);
  });
});
