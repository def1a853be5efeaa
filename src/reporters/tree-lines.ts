import { columnsOf, fitting } from '../terminal/display-width.ts';
import { visible } from '../terminal/show.ts';
import { counted, duration } from '../terminal/units.ts';
import { leftText, runLeft } from './run-left.ts';
import type { RunState, StageState } from './run-state.ts';
import { stageLine, type View } from './stage-line.ts';
import { shortNames } from './stage-names.ts';
import { uploadText } from './upload-text.ts';

/** Names take this part of a line at most, and leave this many columns to what is said of the stage. */
const NAMES_SHARE = 0.4;
const COLUMNS_FOR_THE_REST = 27;
const NARROWEST_NAME = 6;

/** The words for stages that are counted because there is no row for them, in this order. */
const REST: readonly (readonly [word: string, statuses: readonly StageState['status'][]])[] = [
  ['running', ['running']],
  ['failed', ['failed']],
  ['done', ['hit', 'ran']],
  ['to come', ['pending']],
  ['not run', ['skipped', 'cancelled']],
];

/**
 * The live tree: a line for each stage, and one for the whole run while it works. Where the stages are more than the terminal
 * has rows, those that run come first, then those that failed, then the newest that ended, then those to come; the rest are
 * counted.
 */
export function treeLines(state: RunState, view: View): readonly string[] {
  const stages = [...state.stages.values()];
  const names = shortNames(
    stages.map(({ stage }) => visible(stage)),
    namesRoom(view.columns),
  );
  const footer = state.finished === undefined ? [runLine(state, stages, view)] : [];
  // The cursor rests in the row below the tree.
  const rows = Math.max(1, view.rows - 1 - footer.length);
  const shown = stages.length <= rows ? stages : mostTelling(stages, rows - 1);
  const nameOf = ({ stage }: StageState) => names.get(visible(stage))!;
  const width = Math.max(0, ...shown.map((stage) => columnsOf(nameOf(stage))));
  return [
    ...shown.map((stage) => stageLine(stage, nameOf(stage), width, view)),
    ...restLine(stages, shown, view),
    ...footer,
  ];
}

function namesRoom(columns: number): number {
  const room = Math.min(Math.floor(columns * NAMES_SHARE), columns - COLUMNS_FOR_THE_REST);
  return Math.max(NARROWEST_NAME, room);
}

/** The stages that get a row, in the order of the pipeline: rows keep their places as far as they can. */
function mostTelling(stages: readonly StageState[], rows: number): readonly StageState[] {
  const ranked = [...stages].sort((a, b) => rank(a) - rank(b) || (b.ended ?? 0) - (a.ended ?? 0));
  const chosen = new Set(ranked.slice(0, rows));
  return stages.filter((stage) => chosen.has(stage));
}

function rank({ status }: StageState): number {
  switch (status) {
    case 'running':
      return 0;
    case 'failed':
      return 1;
    case 'ran':
    case 'hit':
    case 'cancelled':
    case 'skipped':
      return 2;
    case 'pending':
      return 3;
  }
}

function restLine(
  stages: readonly StageState[],
  shown: readonly StageState[],
  { paint, columns }: View,
): readonly string[] {
  if (shown.length === stages.length) return [];
  const rest = stages.filter((stage) => !shown.includes(stage));
  const counts = REST.flatMap(([word, statuses]) => {
    const count = rest.filter(({ status }) => statuses.includes(status)).length;
    return count === 0 ? [] : [`${count} ${word}`];
  });
  return [paint('dim', fitting(`… and ${counts.join(', ')}`, columns - 1))];
}

/** `about 3 min 10 s left, 7 of 50 stages done, 1 failed, 2 min 05 s`. */
function runLine(state: RunState, stages: readonly StageState[], { columns, now, paint }: View): string {
  const count = (...statuses: StageState['status'][]) =>
    stages.filter(({ status }) => statuses.includes(status)).length;
  const failed = count('failed');
  const { started } = state;
  const left = runLeft(state, now);
  const parts = [
    ...(state.uploading === undefined ? [] : [`${uploadText(state.uploading)}; Ctrl-C ends it`]),
    ...(left === undefined ? [] : [leftText(left)]),
    `${count('hit', 'ran')} of ${counted(stages.length, 'stage')} done`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(started === undefined ? [] : [duration(Math.max(0, now - Date.parse(started.time)))]),
  ];
  return paint('dim', fitting(parts.join(', '), columns - 1));
}
