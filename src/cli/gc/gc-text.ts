import { alignedLines } from '../../terminal/aligned.ts';
import { bytes, counted } from '../../terminal/units.ts';
import type { GcDocument } from '../json-shapes/gc.ts';

/** What `pipe gc` prints: each result that goes and why runs stay where nothing has been removed yet, then the sum. */
export function gcLines(document: GcDocument): readonly string[] {
  const { actions, runs, work, kept, objects, bytes_before: before, bytes_after: after } = document;
  const what = [
    counted(actions.length, 'result'),
    counted(objects, 'object'),
    counted(runs.length, 'run'),
    ...(work.length > 0 ? [`the unfinished work of ${counted(work.length, 'stage')}`] : []),
  ];
  const nothing = actions.length + objects + runs.length + work.length === 0;
  const sum = nothing
    ? `Nothing to remove: ${bytes(before)} stay.`
    : `${document.dry_run ? 'Would remove' : 'Removed'} ${what.join(', ')}: ${bytes(before - after)} of ${bytes(before)}.`;
  if (!document.dry_run) return [sum];
  const lines = alignedLines(
    actions.map(({ uses, action, last_used, bytes: size }) => [
      uses,
      action.slice(0, 12),
      bytes(size),
      `last used ${last_used.slice(0, 16).replace('T', ' ')}`,
    ]),
  );
  return [
    ...lines,
    ...runs.map((run) => `run ${run}`),
    ...work.map((action) => `unfinished work of ${action.slice(0, 12)}`),
    ...kept.map(({ run, reason }) => `stays: run ${run} ${reason}`),
    sum,
  ];
}
