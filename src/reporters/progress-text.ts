import { bytes, duration, number } from '../terminal/units.ts';
import type { ProgressSample, StageState } from './run-state.ts';

type Progress = NonNullable<StageState['progress']>;

/** Too little has been seen to say how fast it goes. */
const SHORTEST_OBSERVATION_MS = 500;

/** How far a stage is: `116/232 steps, 3.1/s, 40 s left, train loss 0.2942`. */
export function progressText(progress: Progress): string {
  const { latest } = progress;
  const rate = ratePerSecond(progress);
  const parts = [position(latest)];
  if (rate !== undefined) {
    parts.push(rateText(rate, latest.unit));
    if (latest.total !== null && latest.done < latest.total) {
      parts.push(`${duration(((latest.total - latest.done) / rate) * 1000)} left`);
    }
  }
  for (const [name, value] of Object.entries(latest.metrics)) {
    parts.push(`${name.replaceAll('_', ' ')} ${typeof value === 'number' ? number(value) : value}`);
  }
  return parts.join(', ');
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
