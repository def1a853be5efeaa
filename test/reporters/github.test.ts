import { describe, expect, it } from 'vitest';
import { GithubReporter } from '../../src/reporters/github.ts';
import type { RunEvent } from '../../src/runner/events/run-event.ts';
import { at, failedRun, runStarted, textOf } from './recorded-run.ts';

const reported = (events: readonly RunEvent[]) => textOf((output) => new GithubReporter(output), events);

describe('GitHub reporter', () => {
  it('folds what a stage said into a group and annotates failures', () => {
    expect(reported(failedRun)).toBe(`\
small  3 stages, at most 2 at once, run r1
data   hit  nothing changed
engine wasm: the best that works here
train  start  learning_rate 0.00005 -> 0.0001
::group::train
train  1/232 steps, train loss 2.637
train  2/232 steps, 1/s, 3 min 50 s left, train loss 2.4
train  sample:
train  The car is fast.
train  116/232 steps, 12/s, 10 s left, train loss 0.2942
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
