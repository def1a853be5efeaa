import { describe, expect, it } from 'vitest';
import { PlainReporter } from '../../src/reporters/plain.ts';
import type { RunEvent } from '../../src/runner/events/run-event.ts';
import { at, cachedRun, failedRun, runStarted, textOf, trainStarted } from './recorded-run.ts';

const reported = (events: readonly RunEvent[]) => textOf((output) => new PlainReporter(output), events);

describe('plain reporter', () => {
  it('writes a line for each event that matters and ends with what failed and how to go on', () => {
    expect(reported(failedRun)).toBe(`\
small  3 stages, at most 2 at once, run r1
data   hit  nothing changed
engine wasm: the best that works here (pipe doctor shows all)
train  start  learning_rate 0.00005 -> 0.0001
train  sample:
train  The car is fast.
train  50 %, 10 s left, 116/232 steps, 12/s, train loss 0.2942
train  ran  13 s
judge  start  never run
judge  failed  Ollama has no model llama3

Failed after 15 s: 1 failed, 1 ran, 1 cached

judge failed: Ollama has no model llama3
  ollama pull llama3
  log: /elsewhere/judge.log

To continue: pipe run small.yaml
`);
  });

  it('says once what failed: in a line first, and all of it at the end', () => {
    const events = failedRun.map((event) =>
      event.type === 'stage-finished' && event.stage === 'judge'
        ? { ...event, error: { message: 'it failed with exit code 3:\nlast words', hint: 'read them' } }
        : event,
    );
    const text = reported(events);
    expect(text).toContain('judge  failed  it failed with exit code 3\n\nFailed after');
    expect(text).toContain(
      'judge failed: it failed with exit code 3:\n  last words\n  read them\n  log: /elsewhere/judge.log\n',
    );
    expect(text.match(/last words/g)).toHaveLength(1);
  });

  it('shows the texts that a model generates while it is trained only to whoever asks for them', () => {
    const sample = at(5, { type: 'stage-log', stage: 'train', level: 'sample', message: 'The car is slow.' });
    const events = [runStarted, trainStarted, sample];
    expect(reported(events)).not.toContain('slow');
    const asked = textOf((output) => new PlainReporter(output, { samples: true }), events);
    expect(asked).toContain('train  The car is slow.\n');
  });

  it('names the engine in a line, and says how to get one whose hardware is here', () => {
    const advice = 'an NVIDIA GPU is here; the engine tensorflow-gpu needs: npm install it';
    const chosen = at(0, {
      type: 'engine-chosen',
      engine: 'cpu',
      requested: 'cpu',
      reason: 'asked for by name; it works',
      candidates: [{ engine: 'tensorflow-gpu', usable: false, reason: 'not installed', advice }],
    });
    expect(reported([runStarted, chosen]).split('\n').slice(1)).toEqual([
      'engine cpu: asked for by name (pipe doctor shows all)',
      advice,
      '',
    ]);
  });

  it('says in one line that nothing was to be done', () => {
    expect(reported(cachedRun).split('\n').slice(-2)).toEqual([
      'Nothing to do: 3 stages, all cached (0.0 s)',
      '',
    ]);
  });

  it('shows what was measured when a cached result was made', () => {
    const events = cachedRun.map((event) =>
      event.type === 'stage-finished' && event.stage === 'judge'
        ? { ...event, metrics: { mean_score: 46.83 } }
        : event,
    );
    expect(reported(events)).toMatch(/all cached \(0\.0 s\)\n {2}judge {2}mean score 46\.83\n$/);
  });

  it('tells progress ever more rarely the longer a stage takes', () => {
    const everySecond = Array.from({ length: 3600 }, (_, second) =>
      at(1 + second, { type: 'stage-progress', stage: 'train', done: second, total: 3600, unit: 'steps' }),
    );
    const lines = reported([runStarted, trainStarted, ...everySecond]).split('\n');
    expect(lines.filter((line) => line.includes('steps')).length).toBeLessThan(100);
  });

  it('says how far the uploads are that a run still waits for, and how to end that; not every second', () => {
    const uploading = (seconds: number, sent_bytes: number) =>
      at(seconds, { type: 'uploading', results: 2, sent_bytes, total_bytes: 1.6e9 });
    const text = reported([
      runStarted,
      ...[0, 1, 2, 3, 4, 5, 6].map((s) => uploading(20 + s, 4e8 + s * 2e7)),
    ]);
    expect(text.split('\n').slice(1, -1)).toEqual([
      'uploading 2 results: 25 %, 400 MB of 1.6 GB; Ctrl-C ends that, and pipe push makes up for it',
      'uploading 2 results: 31 %, 55 s left, 500 MB of 1.6 GB, 20 MB/s',
    ]);
  });

  it('lists what was found before anything started', () => {
    const text = reported([
      runStarted,
      at(0, {
        type: 'preflight-failed',
        problems: [{ stage: 'judge', message: 'Ollama does not answer', hint: 'ollama serve' }],
      }),
      at(0, {
        type: 'run-finished',
        outcome: 'failed',
        duration_ms: 30,
        counts: { hit: 0, ran: 0, failed: 0, skipped: 0, cancelled: 0 },
        next: 'pipe run small.yaml',
      }),
    ]);
    expect(text).toContain(`
Nothing was started: 1 problem found beforehand

judge: Ollama does not answer
  ollama serve

After fixing this, run: pipe run small.yaml
`);
  });
});
