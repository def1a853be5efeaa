import { duration } from '../terminal/units.ts';
import { howFar } from './progress-text.ts';
import type { RunState } from './run-state.ts';

/** How long a run will still take. */
export interface RunLeft {
  readonly left_ms: number;
  /** Stages of which nobody knows how long they take: it takes longer by theirs. */
  readonly unknown: number;
}

/**
 * How long a run will take from `now` on (milliseconds since the epoch), by what its stages took before and by what those that
 * run say of themselves; undefined where too little is known.
 */
export function runLeft({ estimate, stages, finished }: RunState, now: number): RunLeft | undefined {
  if (finished !== undefined || estimate === undefined) return undefined;
  const estimated = estimate.left_ms - (now - Date.parse(estimate.time));
  const told = [...stages.values()].map(({ status, progress }) => {
    if (status !== 'running' || progress === undefined) return 0;
    return (howFar(progress).left_ms ?? 0) - (now - progress.latest.time);
  });
  const left_ms = Math.round(Math.max(estimated, ...told));
  return left_ms > 0 ? { left_ms, unknown: estimate.unknown } : undefined;
}

/** `about 5 min 10 s left`, or `more than …` where some stages are not known. */
export function leftText({ left_ms, unknown }: RunLeft): string {
  return `${unknown === 0 ? 'about' : 'more than'} ${duration(left_ms)} left`;
}
