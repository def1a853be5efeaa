import { type HowFar, progressText } from '../../reporters/progress-text.ts';
import { leftText } from '../../reporters/run-left.ts';
import { alignedLines } from '../../terminal/aligned.ts';
import type { Paint } from '../../terminal/paint.ts';
import { counted, duration } from '../../terminal/units.ts';
import type { PlannedStageDocument } from '../json-shapes/plan.ts';
import type { Status } from '../json-shapes/status.ts';
import { planLines } from '../plan/plan-lines.ts';

/**
 * A status for people at a moment, in milliseconds since the epoch: runs, what runs now and how far it is, and the stages of
 * the pipeline that was asked for.
 */
export function statusLines(
  { artifacts, runs, running, stages }: Status,
  paint: Paint,
  now: number,
): readonly string[] {
  const lines = [paint('bold', `Last runs in ${artifacts}`)];
  if (runs.length === 0) lines.push('none; start one with: pipe run FILE');
  lines.push(...runs.map(runLine));
  if (running.length > 0) {
    const rows = running.map(({ action, holder, stage, ...work }) => [
      stage ?? action.slice(0, 12),
      workText(work, now),
      holder,
    ]);
    lines.push('', paint('bold', 'Running now'), ...alignedLines(rows));
  }
  if (stages !== undefined) {
    const shown = stages.map((stage) => asRunning(stage, running, now));
    lines.push('', paint('bold', 'Stages'), ...planLines(shown, paint));
  }
  return lines;
}

function runLine({
  run,
  started,
  outcome,
  pipeline,
  duration_ms,
  ...so_far
}: Status['runs'][number]): string {
  const took = duration_ms === undefined ? '' : `  ${duration(duration_ms)}`;
  const time = started.slice(0, 16).replace('T', ' ');
  return `${run}  ${time}  ${outcome.padEnd(10)}  ${pipeline}${took}${outcome === 'running' ? doneText(so_far) : ''}`;
}

function doneText({
  stages,
  counts,
  left,
}: Pick<Status['runs'][number], 'stages' | 'counts' | 'left'>): string {
  if (stages === undefined || counts === undefined) return '';
  const failed = counts.failed === 0 ? '' : `, ${counts.failed} failed`;
  return `  ${counts.hit + counts.ran} of ${counted(stages, 'stage')} done${failed}${left === undefined ? '' : `, ${leftText(left)}`}`;
}

/** `50 %, 40 s left, 116/232 steps`, or for how long it has run where it says nothing. */
function workText(
  { started, progress }: { readonly started?: string; readonly progress?: HowFar },
  now: number,
): string {
  if (progress !== undefined) return progressText(progress);
  return started === undefined ? '' : `for ${duration(Math.max(0, now - Date.parse(started)))}`;
}

/** A stage that is to run, and does so now. */
function asRunning(
  stage: PlannedStageDocument,
  running: Status['running'],
  now: number,
): PlannedStageDocument {
  const work = running.find(({ action }) => action === stage.action);
  if (work === undefined) return stage;
  return { ...stage, reason: { ...stage.reason, message: `runs now: ${workText(work, now)}` } };
}
