import type { StageProblem } from '../../runner/plan/stage-problem.ts';
import { columnsOf, padded } from '../../terminal/display-width.ts';
import type { Paint } from '../../terminal/paint.ts';
import { counted, duration } from '../../terminal/units.ts';
import type { PlannedStageDocument } from '../json-shapes/plan.ts';

/** A line for each stage, and what it comes to; `refusals`: why a frozen run would not start. */
export function planLines(
  stages: readonly PlannedStageDocument[],
  paint: Paint,
  refusals: readonly StageProblem[] = [],
): readonly string[] {
  const width = Math.max(...stages.map(({ stage }) => columnsOf(stage)));
  const times = stages.map(timeText);
  const timeWidth = Math.max(...times.map(columnsOf));
  const lines = stages.flatMap(({ stage, state, reason, recorded = [] }, index) => [
    `${word(state, paint)}  ${padded(stage, width)}  ${timeWidth > 0 ? `${padded(times[index]!, timeWidth)}  ` : ''}${reason.message}`,
    ...recorded.map(({ input, path, digest }) => {
      const taken = `input ${input}: ${path} does not exist; taken as it is on record (${digest.slice(0, 12)})`;
      return `${' '.repeat(WIDEST_WORD)}  ${padded('', width)}  ${paint('dim', taken)}`;
    }),
  ]);
  return [...lines, '', total(stages), ...refusalLines(refusals, paint)];
}

/** How long a stage is expected to take. */
function timeText({ expected }: PlannedStageDocument): string {
  return expected?.duration_ms === undefined ? '' : `~${duration(expected.duration_ms)}`;
}

/** The stages that are no part of the pipeline with these parameters: nobody is to look for them in vain. */
export function leftOutLines(leftOut: readonly string[]): readonly string[] {
  return leftOut.length === 0 ? [] : [`Left out, as their \`when\` is false: ${leftOut.join(', ')}`];
}

function refusalLines(refusals: readonly StageProblem[], paint: Paint): readonly string[] {
  if (refusals.length === 0) return [];
  const problems = refusals.flatMap(({ stage, message, hint }) => [
    `${paint('red', `${stage}:`)} ${message}`,
    ...(hint === undefined ? [] : [`  ${hint}`]),
  ]);
  return ['', paint('red', 'With --frozen nothing would be started:'), ...problems];
}

function total(stages: readonly PlannedStageDocument[]): string {
  const count = (state: PlannedStageDocument['state']) =>
    stages.filter((stage) => stage.state === state).length;
  if (count('hit') === stages.length) return `Nothing to do: ${counted(stages.length, 'stage')}, all cached`;
  const may = count('may-run') > 0 ? `, ${count('may-run')} may run` : '';
  return `${counted(count('run'), 'stage')} to run${may}, ${count('hit')} cached`;
}

const WIDEST_WORD = 'may run'.length;

function word(state: PlannedStageDocument['state'], paint: Paint): string {
  switch (state) {
    case 'hit':
      return paint('dim', 'hit'.padEnd(WIDEST_WORD));
    case 'run':
      return paint('cyan', 'run'.padEnd(WIDEST_WORD));
    case 'may-run':
      return paint('yellow', 'may run');
  }
}
