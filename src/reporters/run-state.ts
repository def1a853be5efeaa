import type { Outcome, Reason, RunEvent } from '../runner/events/run-event.ts';

type Event<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;

/** One measurement of how far a stage is; `time` in milliseconds since the Unix epoch. */
export interface ProgressSample {
  readonly time: number;
  readonly done: number;
  readonly total: number | null;
  readonly unit: string;
  readonly metrics: Readonly<Record<string, number | string>>;
}

/** First and latest measurement: the rate is between them. */
export interface Progress {
  readonly first: ProgressSample;
  readonly latest: ProgressSample;
}

/** What a run still uploads when its work is done. */
export interface Uploading {
  readonly results: number;
  readonly progress: Progress;
}

/** What is known of a stage at one moment of the run. */
export interface StageState {
  readonly stage: string;
  readonly uses: string;
  readonly needs: readonly string[];
  status: 'pending' | 'running' | Outcome;
  reason: Reason | undefined;
  /** When its present attempt started, in milliseconds since the Unix epoch. */
  startedAt: number | undefined;
  /** Of the present attempt. */
  progress: Progress | undefined;
  /** What keeps a started stage from working: a lock held elsewhere, a pause before the next attempt. */
  delayedBy: string | undefined;
  duration: number | undefined;
  /** How many stages had ended when it did: the newest has the most. */
  ended: number | undefined;
  readonly metrics: Map<string, number>;
  error: { readonly message: string; readonly hint?: string } | undefined;
  log: string | undefined;
}

/** The state of a run, folded from its events: what the live tree and the summary are drawn from. */
export class RunState {
  readonly stages = new Map<string, StageState>();
  started: Event<'run-started'> | undefined;
  problems: Event<'preflight-failed'>['problems'] = [];
  finished: Event<'run-finished'> | undefined;
  /** The latest. */
  estimate: Event<'run-estimated'> | undefined;
  uploading: Uploading | undefined;
  #ended = 0;

  apply(event: RunEvent): void {
    switch (event.type) {
      case 'run-started':
        this.started = event;
        for (const stage of event.stages) {
          this.stages.set(stage.stage, pending(stage));
        }
        break;
      case 'preflight-failed':
        this.problems = event.problems;
        break;
      case 'run-finished':
        this.finished = event;
        break;
      case 'run-estimated':
        this.estimate = event;
        break;
      case 'uploading':
        this.uploading = {
          results: event.results,
          progress: continued(this.uploading?.progress, sentBytes(event)),
        };
        break;
      default:
        if ('stage' in event) applyToStage(this.stage(event.stage), event);
        if (event.type === 'stage-finished') this.stage(event.stage).ended = ++this.#ended;
    }
  }

  /** Throws for a stage that the run did not announce: an internal error. */
  stage(id: string): StageState {
    const stage = this.stages.get(id);
    if (stage === undefined) throw new Error(`event for a stage that the run did not announce: ${id}`);
    return stage;
  }
}

function continued(before: Progress | undefined, latest: ProgressSample): Progress {
  return { first: before?.first ?? latest, latest };
}

function sentBytes({ time, sent_bytes = 0, total_bytes }: Event<'uploading'>): ProgressSample {
  return { time: Date.parse(time), done: sent_bytes, total: total_bytes ?? null, unit: 'bytes', metrics: {} };
}

function pending(stage: Event<'run-started'>['stages'][number]): StageState {
  return {
    ...stage,
    status: 'pending',
    reason: undefined,
    startedAt: undefined,
    progress: undefined,
    delayedBy: undefined,
    duration: undefined,
    ended: undefined,
    metrics: new Map(),
    error: undefined,
    log: undefined,
  };
}

function applyToStage(stage: StageState, event: Extract<RunEvent, { stage: string }>): void {
  switch (event.type) {
    case 'stage-planned':
      stage.reason = event.reason;
      break;
    case 'stage-started':
      stage.status = 'running';
      stage.reason = event.reason;
      stage.log = event.log;
      stage.startedAt = Date.parse(event.time);
      stage.progress = undefined;
      stage.delayedBy = undefined;
      break;
    case 'stage-progress': {
      const sample = { ...event, time: Date.parse(event.time), metrics: event.metrics ?? {} };
      stage.progress = continued(stage.progress, sample);
      stage.delayedBy = undefined;
      break;
    }
    case 'stage-waiting':
      stage.delayedBy = `waiting for ${event.holder}`;
      break;
    case 'stage-place':
      stage.delayedBy = event.waits ? event.message : undefined;
      break;
    case 'stage-displaced':
      stage.delayedBy = `another attempt follows: ${event.error}`;
      break;
    case 'stage-retrying':
      stage.delayedBy = `attempt ${event.attempt} of ${event.of} follows`;
      break;
    case 'stage-metric':
      stage.metrics.set(event.name, event.value);
      break;
    case 'stage-finished':
      stage.status = event.outcome;
      stage.reason = event.reason;
      stage.duration = event.duration_ms;
      for (const [name, value] of Object.entries(event.metrics ?? {})) stage.metrics.set(name, value);
      stage.error = event.error;
      stage.log = event.log ?? stage.log;
      break;
  }
}
