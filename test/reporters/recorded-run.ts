import { Writable } from 'node:stream';
import type { Reporter } from '../../src/reporters/reporter.ts';
import type { Outcome, Reason, RunEvent } from '../../src/runner/events/run-event.ts';
import type { Output } from '../../src/terminal/output.ts';

type WithoutTime<Event> = Event extends RunEvent ? Omit<Event, 'time'> : never;

/** An output whose text can be read, as wide and high as a test wants its terminal. */
export class ReadableOutput extends Writable {
  text = '';
  readonly columns: number;
  readonly rows: number;
  readonly isTTY: boolean;

  constructor({ columns = 80, rows = 24, isTTY = false } = {}) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
    this.isTTY = isTTY;
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** What a reporter writes of some events. */
export function textOf(reporterTo: (output: Output) => Reporter, events: readonly RunEvent[]): string {
  const output = new ReadableOutput();
  const reporter = reporterTo(output);
  for (const event of events) reporter.report(event);
  return output.text;
}

/** An event `seconds` after the start of the recorded run. */
export function at(seconds: number, event: WithoutTime<RunEvent>): RunEvent {
  return { ...event, time: new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString() };
}

export const reason = (code: Reason['code'], message: string): Reason => ({ code, message });

const counts = (given: Partial<Record<Outcome, number>>): Record<Outcome, number> => ({
  hit: 0,
  ran: 0,
  failed: 0,
  skipped: 0,
  cancelled: 0,
  ...given,
});

const digest = 'ab'.repeat(32);
const changed = reason('changed', 'learning_rate 0.00005 -> 0.0001');

export const runStarted = at(0, {
  type: 'run-started',
  run: 'r1',
  pipeline: 'small',
  file: '/project/small.yaml',
  jobs: 2,
  stages: [
    { stage: 'data', uses: 'download', needs: [] },
    { stage: 'train', uses: 'train', needs: ['data'] },
    { stage: 'judge', uses: 'judge', needs: ['train'] },
  ],
});

const dataHit = at(0.1, {
  type: 'stage-finished',
  stage: 'data',
  outcome: 'hit',
  reason: reason('cached', 'nothing changed'),
  duration_ms: 2,
  outputs: { file: { digest, bytes: 203_524 } },
});

export const trainStarted = at(1, {
  type: 'stage-started',
  stage: 'train',
  action: digest,
  attempt: 1,
  reason: changed,
  log: '/elsewhere/train.log',
});

const steps = (seconds: number, done: number, loss: number): RunEvent =>
  at(seconds, {
    type: 'stage-progress',
    stage: 'train',
    done,
    total: 232,
    unit: 'steps',
    metrics: { train_loss: loss },
  });

/** data is a hit, train runs, judge fails: a run with something of everything. */
export const failedRun: readonly RunEvent[] = [
  runStarted,
  at(0, { type: 'stage-planned', stage: 'data', state: 'hit', reason: reason('cached', 'nothing changed') }),
  at(0, { type: 'stage-planned', stage: 'train', state: 'run', reason: changed }),
  at(0, {
    type: 'stage-planned',
    stage: 'judge',
    state: 'may-run',
    reason: reason('upstream', 'after train'),
  }),
  dataHit,
  at(0.5, {
    type: 'engine-chosen',
    engine: 'wasm',
    requested: 'auto',
    reason: 'the best that works here',
    candidates: [],
  }),
  trainStarted,
  steps(2, 1, 2.63712),
  steps(3, 2, 2.4),
  at(4, { type: 'stage-log', stage: 'train', level: 'info', message: 'sample:\nThe car is fast.' }),
  steps(12, 116, 0.29421),
  at(13, { type: 'stage-metric', stage: 'train', name: 'tokens_per_second', value: 812.5 }),
  at(14, {
    type: 'stage-finished',
    stage: 'train',
    outcome: 'ran',
    reason: changed,
    duration_ms: 13_000,
    outputs: {},
  }),
  at(14, {
    type: 'stage-started',
    stage: 'judge',
    action: digest,
    attempt: 1,
    reason: reason('never-run', 'never run'),
    log: '/elsewhere/judge.log',
  }),
  at(15, {
    type: 'stage-finished',
    stage: 'judge',
    outcome: 'failed',
    reason: reason('failed', 'failed'),
    duration_ms: 1000,
    outputs: {},
    error: { message: 'Ollama has no model llama3', hint: 'ollama pull llama3' },
    log: '/elsewhere/judge.log',
  }),
  at(15, {
    type: 'run-finished',
    outcome: 'failed',
    duration_ms: 15_000,
    counts: counts({ hit: 1, ran: 1, failed: 1 }),
    next: 'pipe run small.yaml',
  }),
];

export const cachedRun: readonly RunEvent[] = [
  runStarted,
  ...['data', 'train', 'judge'].map((stage) =>
    at(0, {
      type: 'stage-finished',
      stage,
      outcome: 'hit',
      reason: reason('cached', 'nothing changed'),
      duration_ms: 0,
      outputs: {},
    }),
  ),
  at(0.02, { type: 'run-finished', outcome: 'succeeded', duration_ms: 20, counts: counts({ hit: 3 }) }),
];
