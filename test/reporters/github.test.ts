import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GithubReporter } from '../../src/reporters/github.ts';
import type { RunEvent } from '../../src/runner/events/run-event.ts';
import type { Output } from '../../src/terminal/output.ts';
import { at, failedRun, reason, runStarted, textOf, trainStarted } from './recorded-run.ts';

const reported = (events: readonly RunEvent[]) => textOf((output) => new GithubReporter(output), events);

describe('GitHub reporter', () => {
  it('folds what a stage said into a group and annotates failures', () => {
    expect(reported(failedRun)).toBe(`\
small  3 stages, at most 2 at once, run r1
data   hit  nothing changed
engine wasm: the best that works here (pipe doctor shows all)
train  start  learning_rate 0.00005 -> 0.0001
train  50 %, 10 s left, 116/232 steps, 12/s, train loss 0.2942
::group::train
train  sample:
train  The car is fast.
::endgroup::
train  ran  13 s
judge  start  never run
judge  failed  Ollama has no model llama3
::error title=judge::Ollama has no model llama3%0Aollama pull llama3

Failed after 15 s: 1 failed, 1 ran, 1 cached

judge failed: Ollama has no model llama3
  ollama pull llama3
  log: /elsewhere/judge.log

To continue: pipe run small.yaml
`);
  });

  it('tells how far a stage is while it runs, now and then', () => {
    const steps = (seconds: number, done: number) =>
      at(seconds, { type: 'stage-progress', stage: 'train', done, total: 2000, unit: 'steps' });
    const minutes = Array.from({ length: 1000 }, (_, second) => steps(second + 2, second));
    const lines = reported([runStarted, trainStarted, ...minutes]).split('\n');
    const told = lines.filter((line) => line.includes('/2000 steps'));
    expect(told.length).toBeGreaterThan(40);
    expect(told.length).toBeLessThan(80);
    expect(told.some((line) => line.startsWith('::'))).toBe(false);
  });

  it('folds what a stage printed into its group, the end of it where that is long', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pipe-log-'));
    try {
      const printing = (text: string) => {
        const log = join(folder, 'train.log');
        writeFileSync(log, text);
        const finished = {
          outcome: 'ran',
          reason: reason('changed', 'x'),
          duration_ms: 1,
          outputs: {},
        } as const;
        return reported([runStarted, at(1, { type: 'stage-finished', stage: 'train', ...finished, log })]);
      };
      expect(printing('one\n::error::two\n')).toContain(
        '::group::train\ntrain  one\ntrain  ::error::two\n::endgroup::\n',
      );
      expect(printing('')).not.toContain('::group::');
      const long = printing(`${'x'.repeat(99)}\n`.repeat(1000));
      expect(long.length).toBeLessThan(80_000);
      expect(long).toContain(`train  … (all of it: ${join(folder, 'train.log')})\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('annotates the line that declares a stage', () => {
    const output = (stream: Output) =>
      new GithubReporter(stream, {
        placeOf: (stage) => (stage === 'judge' ? { file: 'a,b.yaml', line: 7, column: 3 } : undefined),
      });
    expect(textOf(output, failedRun)).toContain(
      '::error file=a%2Cb.yaml,line=7,col=3,title=judge::Ollama has no model llama3',
    );
  });

  it('escapes what would end or extend an annotation', () => {
    const text = reported([
      runStarted,
      at(1, { type: 'stage-log', stage: 'data', level: 'warning', message: '100 %: a,b\r\nc' }),
    ]);
    expect(text).toContain('::warning title=data::100 %25: a,b%0D%0Ac\n');
  });

  it('lets no text of a stage pass for a workflow command', () => {
    const text = reported([
      runStarted,
      at(1, {
        type: 'stage-log',
        stage: 'data',
        level: 'info',
        message: '::add-mask::x\n  ::stop-commands::y\n##[error]z',
      }),
      at(2, {
        type: 'stage-finished',
        stage: 'data',
        outcome: 'failed',
        reason: { code: 'failed', message: 'failed' },
        duration_ms: 1,
        outputs: {},
        error: { message: 'first\n::set-output name=a::b', hint: '::debug::hint' },
      }),
      at(2, {
        type: 'run-finished',
        outcome: 'failed',
        duration_ms: 1,
        counts: { hit: 0, ran: 0, failed: 1, skipped: 2, cancelled: 0 },
      }),
    ]);
    const commands = text.split('\n').filter((line) => /^\s*::|##\[/.test(line));
    expect(commands).toEqual([
      '::group::data',
      '::endgroup::',
      '::error title=data::first%0A::set-output name=a::b%0A::debug::hint',
    ]);
  });
});
