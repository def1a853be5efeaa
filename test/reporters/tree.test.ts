import { stripVTControlCharacters } from 'node:util';
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
      '⠋ train  116/232 steps, 12/s, 10 s left, train loss 0.2942',
      '· judge  after train',
    ]);
    expect(drawn(failedRun)).toEqual([
      '= data   nothing changed',
      '✔ train  13 s  learning_rate 0.00005 -> 0.0001',
      '✖ judge  failed  Ollama has no model llama3',
    ]);
  });

  it('add a bar where the terminal is wide enough', () => {
    const half = at(3, { type: 'stage-progress', stage: 'train', done: 116, total: 232, unit: 'steps' });
    expect(drawn([runStarted, trainStarted, half], { columns: 120 })[1]).toBe(
      '⠋ train  ━━━━━━━━┄┄┄┄┄┄┄┄ 116/232 steps',
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

  it('count the stages at rest where they are more than the terminal has rows', () => {
    const stages = Array.from({ length: 50 }, (_, index) => ({
      stage: `s${index}`,
      uses: 'command',
      needs: [],
    }));
    const many = { ...runStarted, stages } as RunEvent;
    const started = { ...trainStarted, stage: 's7' } as RunEvent;
    const lines = drawn([many, started], { rows: 10 });
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('s7');
    expect(lines[1]).toBe('… 49 stages to come');
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
