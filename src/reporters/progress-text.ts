import { bytes, duration, number } from '../terminal/units.ts';
import type { Progress, ProgressSample } from './run-state.ts';

/** How far a stage is, and how fast. */
export interface HowFar extends Omit<ProgressSample, 'time'> {
  /** Whole percents, from 0 to 100; absent where the total is not known. */
  readonly percent?: number;
  /** How long the rest takes at the rate so far; absent where that is not known, or nothing is left. */
  readonly left_ms?: number;
  /** The rate so far; absent where too little was seen. */
  readonly per_second?: number;
}

/** Too little has been seen to say how fast it goes. */
const SHORTEST_OBSERVATION_MS = 500;

export function howFar(progress: Progress): HowFar {
  const { done, total, unit, metrics } = progress.latest;
  const rate = ratePerSecond(progress);
  const isLeft = rate !== undefined && total !== null && done < total;
  return {
    done,
    total,
    unit,
    ...(total === null || total === 0 ? {} : { percent: Math.floor(Math.min(1, done / total) * 100) }),
    ...(isLeft && { left_ms: Math.round(((total - done) / rate) * 1000) }),
    ...(rate === undefined ? {} : { per_second: rate }),
    metrics,
  };
}

/**
 * How far a stage is: `50 %, 40 s left, 116/232 steps, 3.1/s, train loss 0.2942`. What matters most comes first, so a narrow
 * terminal cuts the rest.
 */
export function progressText({ percent, left_ms, per_second, metrics, ...position }: HowFar): string {
  const measured = Object.entries(metrics).map(
    ([name, value]) => `${name.replaceAll('_', ' ')} ${typeof value === 'number' ? number(value) : value}`,
  );
  return [
    ...(percent === undefined ? [] : [`${percent} %`]),
    ...(left_ms === undefined ? [] : [`${duration(left_ms)} left`]),
    positionText(position),
    ...(per_second === undefined ? [] : [rateText(per_second, position.unit)]),
    ...measured,
  ].join(', ');
}

/** Work done between the first and the latest measurement; what an earlier attempt had finished does not count. */
function ratePerSecond({ first, latest }: Progress): number | undefined {
  const elapsed = latest.time - first.time;
  const done = latest.done - first.done;
  return elapsed < SHORTEST_OBSERVATION_MS || done <= 0 ? undefined : (done / elapsed) * 1000;
}

function positionText({ done, total, unit }: Pick<ProgressSample, 'done' | 'total' | 'unit'>): string {
  if (unit === 'bytes') return total === null ? bytes(done) : `${bytes(done)} of ${bytes(total)}`;
  // Work in progress may be told in fractions; only what is done counts.
  const whole = number(Math.floor(done));
  return total === null ? `${whole} ${unit}` : `${whole}/${number(total)} ${unit}`;
}

function rateText(rate: number, unit: string): string {
  if (unit === 'bytes') return `${bytes(rate)}/s`;
  const rounded = rate >= 100 ? rate.toFixed(0) : String(Number(rate.toPrecision(2)));
  return rate < 0.1 ? `${duration(1000 / rate)} each` : `${rounded}/s`;
}
