import { columnsOf, fitting, padded } from '../terminal/display-width.ts';
import type { Paint } from '../terminal/paint.ts';
import { visible } from '../terminal/show.ts';
import { counted, duration } from '../terminal/units.ts';
import { progressText } from './progress-text.ts';
import type { RunState, StageState } from './run-state.ts';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
const FRAME_MS = 100;
const WIDEST_NAME = 24;
/** A bar is drawn only where the numbers next to it still have room. */
const BAR_FROM_COLUMNS = 100;
const BAR_CELLS = 16;

/** What the tree is drawn for: the size of the terminal, and the present moment in milliseconds since the epoch. */
export interface View {
  readonly columns: number;
  readonly rows: number;
  readonly now: number;
  readonly paint: Paint;
}

/** The live tree: a line for each stage; where they are more than the terminal has rows, those at rest are counted. */
export function treeLines(state: RunState, view: View): readonly string[] {
  const stages = [...state.stages.values()];
  const width = Math.min(WIDEST_NAME, Math.max(...stages.map((stage) => columnsOf(stage.stage))));
  const line = (stage: StageState) => stageLine(stage, width, view);
  // The cursor rests in the row below the tree.
  if (stages.length < view.rows) return stages.map(line);

  const notable = stages.filter(({ status }) => status === 'running' || status === 'failed');
  return [
    ...restLine(stages, ['hit', 'ran'], 'done', view),
    ...notable.slice(0, Math.max(1, view.rows - 4)).map(line),
    ...restLine(stages, ['pending'], 'to come', view),
    ...restLine(stages, ['skipped', 'cancelled'], 'not run', view),
  ];
}

function restLine(
  stages: readonly StageState[],
  statuses: readonly StageState['status'][],
  word: string,
  { paint }: View,
): readonly string[] {
  const count = stages.filter((stage) => statuses.includes(stage.status)).length;
  return count === 0 ? [] : [paint('dim', `… ${counted(count, 'stage')} ${word}`)];
}

function stageLine(stage: StageState, width: number, view: View): string {
  const name = padded(cut(stage.stage, width), width);
  const room = view.columns - 1 - width - 4;
  return `${icon(stage, view)} ${name}  ${description(stage, room, view)}`.trimEnd();
}

function icon(stage: StageState, { now, paint }: View): string {
  switch (stage.status) {
    case 'pending':
      return paint('dim', '·');
    case 'running':
      return paint('cyan', SPINNER[Math.floor(now / FRAME_MS) % SPINNER.length] ?? '');
    case 'hit':
      return paint('dim', '=');
    case 'ran':
      return paint('green', '✔');
    case 'failed':
      return paint('red', '✖');
    case 'skipped':
    case 'cancelled':
      return paint('yellow', '-');
  }
}

function description(stage: StageState, room: number, { columns, now, paint }: View): string {
  const reason = stage.reason?.message ?? '';
  switch (stage.status) {
    case 'pending':
    case 'hit':
      return paint('dim', cut(reason, room));
    case 'running': {
      if (stage.delayedBy !== undefined) return cut(stage.delayedBy, room);
      if (stage.progress === undefined) {
        return cut(`${duration(now - (stage.startedAt ?? now))}  ${reason}`, room);
      }
      const bar = columns >= BAR_FROM_COLUMNS ? barFor(stage.progress.latest) : '';
      return paint('cyan', bar) + cut(progressText(stage.progress), room - bar.length);
    }
    case 'ran':
      return cutBehind(duration(stage.duration ?? 0), reason, room, paint);
    case 'failed':
      return cutBehind('failed', stage.error?.message ?? reason, room, paint);
    case 'skipped':
    case 'cancelled':
      return cutBehind(stage.status, reason, room, paint);
  }
}

function barFor({ done, total }: { readonly done: number; readonly total: number | null }): string {
  if (total === null || total === 0) return '';
  const full = Math.round(Math.min(1, done / total) * BAR_CELLS);
  return `${'━'.repeat(full)}${'┄'.repeat(BAR_CELLS - full)} `;
}

function cutBehind(word: string, text: string, room: number, paint: Paint): string {
  return `${word}  ${paint('dim', cut(text, room - word.length - 2))}`;
}

/** The first line of a text, with control characters made visible, and no longer than `room`. */
function cut(text: string, room: number): string {
  const line = visible(text.split(/[\r\n]/)[0] ?? '');
  return fitting(line, Math.max(1, room));
}
