import { columnsOf, fitting, padded } from '../terminal/display-width.ts';
import type { Paint } from '../terminal/paint.ts';
import { visible } from '../terminal/show.ts';
import { duration } from '../terminal/units.ts';
import { firstLine } from './event-lines.ts';
import { howFar, progressText } from './progress-text.ts';
import type { StageState } from './run-state.ts';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
const FRAME_MS = 100;
/** A bar is drawn only where the numbers next to it still have room. */
const BAR_FROM_COLUMNS = 100;
const BAR_CELLS = 16;
/** The icon, and the spaces around the name. */
const MARGIN = 4;

/** What the tree is drawn for: the size of the terminal, and the present moment in milliseconds since the epoch. */
export interface View {
  readonly columns: number;
  readonly rows: number;
  readonly now: number;
  readonly paint: Paint;
}

/** One stage in one line of the tree: `⠋ train  50 %, 10 s left, 116/232 steps`. `width`: of the column of names. */
export function stageLine(stage: StageState, name: string, width: number, view: View): string {
  const room = view.columns - 1 - width - MARGIN;
  return `${icon(stage, view)} ${padded(name, width)}  ${description(stage, room, view)}`.trimEnd();
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
        return cutBehind(duration(Math.max(0, now - (stage.startedAt ?? now))), reason, room, paint);
      }
      const bar = columns >= BAR_FROM_COLUMNS ? barFor(stage.progress.latest, paint) : '';
      return bar + cut(progressText(howFar(stage.progress)), room - (bar === '' ? 0 : BAR_CELLS + 1));
    }
    case 'ran':
      return cutBehind(duration(stage.duration ?? 0), reason, room, paint);
    case 'failed':
      return cut(stage.error?.message ?? reason, room);
    case 'skipped':
    case 'cancelled':
      return cutBehind(stage.status, reason, room, paint);
  }
}

function barFor(
  { done, total }: { readonly done: number; readonly total: number | null },
  paint: Paint,
): string {
  if (total === null || total === 0) return '';
  const full = Math.round(Math.min(1, done / total) * BAR_CELLS);
  return `${paint('cyan', '━'.repeat(full))}${paint('dim', '┄'.repeat(BAR_CELLS - full))} `;
}

function cutBehind(word: string, text: string, room: number, paint: Paint): string {
  const left = room - columnsOf(word) - 2;
  return left > 0 ? `${word}  ${paint('dim', cut(text, left))}` : cut(word, room);
}

/** The first line of a text, with control characters made visible, and no longer than `room`. */
function cut(text: string, room: number): string {
  const line = visible(firstLine(text));
  return fitting(line, Math.max(1, room));
}
