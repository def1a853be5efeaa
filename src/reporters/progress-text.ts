import { bytes, duration, number } from '../terminal/units.ts';
import type { ProgressSample, StageState } from './run-state.ts';

type Progress = NonNullable<StageState['progress']>;

/** Too little has been seen to say how fast it goes. */
const SHORTEST_OBSERVATION_MS = 500;

/**
 * How far a stage is: `50 %, 40 s left, 116/232 steps, 3.1/s, train loss 0.2942`. What matters most comes first, so a narrow
 * terminal cuts the rest.
 */
export function progressText(progress: Progress): string {
  const { latest } = progress;
  const { done, total, unit } = latest;
  const rate = ratePerSecond(progress);
  const left = millisecondsLeft(progress);
  const measured = Object.entries(latest.metrics).map(
    ([name, value]) => `${name.replaceAll('_', ' ')} ${typeof value === 'number' ? number(value) : value}`,
  );
  return [
    ...(total === null || total === 0 ? [] : [`${Math.floor(Math.min(1, done / total) * 100)} %`]),
    ...(left === undefined ? [] : [`${duration(left)} left`]),
    position(latest),
    ...(rate === undefined ? [] : [rateText(rate, unit)]),
    ...measured,
  ].join(', ');
}

/** How long the rest takes at the rate so far; undefined where that is not known, or nothing is left. */
function millisecondsLeft(progress: Progress): number | undefined {
  const { done, total } = progress.latest;
  const rate = ratePerSecond(progress);
  return rate === undefined || total === null || done >= total ? undefined : ((total - done) / rate) * 1000;
}

/** Work done between the first and the latest measurement; what an earlier attempt had finished does not count. */
function ratePerSecond({ first, latest }: Progress): number | undefined {
  const elapsed = latest.time - first.time;
  const done = latest.done - first.done;
  return elapsed < SHORTEST_OBSERVATION_MS || done <= 0 ? undefined : (done / elapsed) * 1000;
}

function position({ done, total, unit }: ProgressSample): string {
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
