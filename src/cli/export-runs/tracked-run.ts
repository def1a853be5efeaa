import type { Json } from '../../contract/json.ts';

/** A value at one step of one metric. */
export interface Point {
  /** `judge/score`, `train.history/train_loss`. */
  readonly metric: string;
  /** 0 for what has no steps. */
  readonly step: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly value: number;
}

/** A run, or one variant of a run that swept: what trackers call a run. */
export interface TrackedRun {
  readonly run: string;
  /** Empty without a sweep. */
  readonly variant: string;
  readonly pipeline: string;
  /** `unfinished` also for a run that is at work now. */
  readonly outcome: string;
  /** Milliseconds since 1970. */
  readonly started: number;
  readonly finished?: number;
  readonly commit?: string;
  /** By dotted names. */
  readonly parameters: Readonly<Record<string, Json>>;
  /** By metric, then by step. */
  readonly points: readonly Point[];
}

/** What a tracked run is called: that of the run, and its variant. */
export function nameOf({ run, variant }: Pick<TrackedRun, 'run' | 'variant'>): string {
  return variant === '' ? run : `${run} ${variant}`;
}

/** The last value of each metric. */
export function lastValues({ points }: TrackedRun): ReadonlyMap<string, number> {
  return new Map(points.map(({ metric, value }) => [metric, value]));
}
