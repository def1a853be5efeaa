import type { Paint } from '../../terminal/paint.ts';
import { duration } from '../../terminal/units.ts';
import type { Status } from '../json-shapes/status.ts';
import { planLines } from '../plan/plan-lines.ts';

/** A status for people: runs, what runs now, and the stages of the pipeline that was asked for. */
export function statusLines({ artifacts, runs, running, stages }: Status, paint: Paint): readonly string[] {
  const lines = [paint('bold', `Last runs in ${artifacts}`)];
  if (runs.length === 0) lines.push('none; start one with: pipe run FILE');
  for (const { run, started, outcome, pipeline, duration_ms } of runs) {
    const took = duration_ms === undefined ? '' : `  ${duration(duration_ms)}`;
    lines.push(
      `${run}  ${started.slice(0, 16).replace('T', ' ')}  ${outcome.padEnd(10)}  ${pipeline}${took}`,
    );
  }
  if (running.length > 0) {
    lines.push('', paint('bold', 'Running now'));
    for (const { action, holder, stage } of running) lines.push(`${stage ?? action.slice(0, 12)}  ${holder}`);
  }
  if (stages !== undefined) lines.push('', paint('bold', 'Stages'), ...planLines(stages, paint));
  return lines;
}
