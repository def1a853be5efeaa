import { relative } from 'node:path';
import type { Outcome } from '../runner/events/run-event.ts';
import type { Paint } from '../terminal/paint.ts';
import { counted, duration, number } from '../terminal/units.ts';
import { firstLine } from './event-lines.ts';
import type { RunState, StageState } from './run-state.ts';

/** Counts are reported in this order, in these words. */
const COUNT_WORDS: readonly (readonly [Outcome, string])[] = [
  ['failed', 'failed'],
  ['cancelled', 'cancelled'],
  ['skipped', 'not run'],
  ['ran', 'ran'],
  ['hit', 'cached'],
];

/**
 * What a user reads at the end of a run: how it ended; what failed, why, where its log is and how to continue; measured
 * values of the stages, also of those whose result is an earlier run's. Empty while the run has not ended. `failures`: how
 * much is said of what failed.
 */
export function summaryLines(
  state: RunState,
  paint: Paint,
  failures: 'whole' | 'first-lines' = 'whole',
): readonly string[] {
  const { finished } = state;
  if (finished === undefined) return [];
  const lines = [headline(state, paint)];
  for (const problem of state.problems) {
    lines.push('', `${paint('red', `${problem.stage}:`)} ${problem.message}`, ...hintLines(problem.hint));
  }
  for (const stage of state.stages.values()) {
    if (stage.status === 'failed') lines.push('', ...failureLines(stage, paint, failures));
  }
  if (finished.outcome === 'succeeded') lines.push(...metricLines(state));
  if (finished.next !== undefined) {
    const introduction = state.problems.length > 0 ? 'After fixing this, run:' : 'To continue:';
    lines.push('', `${introduction} ${paint('bold', finished.next)}`);
  }
  return lines;
}

function headline(state: RunState, paint: Paint): string {
  const finished = state.finished!;
  const took = duration(finished.duration_ms);
  if (state.problems.length > 0) {
    return paint('red', `Nothing was started: ${counted(state.problems.length, 'problem')} found beforehand`);
  }
  const counts = COUNT_WORDS.filter(([outcome]) => finished.counts[outcome] > 0)
    .map(([outcome, word]) => `${finished.counts[outcome]} ${word}`)
    .join(', ');
  switch (finished.outcome) {
    case 'succeeded':
      if (finished.counts.hit === state.stages.size) {
        return paint('green', `Nothing to do: ${counted(state.stages.size, 'stage')}, all cached (${took})`);
      }
      return paint('green', `Succeeded in ${took}: ${counts}`);
    case 'failed':
      return paint('red', `Failed after ${took}: ${counts || 'nothing was started'}`);
    case 'cancelled':
      return paint(
        'yellow',
        `Cancelled after ${took}: ${counts || 'nothing was started'}. What is finished is kept.`,
      );
  }
}

function failureLines(stage: StageState, paint: Paint, much: 'whole' | 'first-lines'): readonly string[] {
  const whole = stage.error?.message ?? stage.reason?.message ?? 'no reason is known';
  const [first = '', ...rest] = much === 'whole' ? whole.split(/\r?\n|\r/) : [firstLine(whole)];
  return [
    `${paint('red', `${stage.stage} failed:`)} ${first}`,
    ...rest.map((line) => `  ${line}`),
    ...hintLines(stage.error?.hint),
    ...(stage.log === undefined ? [] : [`  log: ${shortPath(stage.log)}`]),
  ];
}

function hintLines(hint: string | undefined): readonly string[] {
  return hint === undefined ? [] : hint.split('\n').map((line) => `  ${line}`);
}

/** `judge  mean score 46.83, items 110`: a line for each stage that measured something. */
function metricLines(state: RunState): readonly string[] {
  const measured = [...state.stages.values()].filter((stage) => stage.metrics.size > 0);
  const widest = Math.max(0, ...measured.map((stage) => stage.stage.length));
  return measured.map((stage) => {
    const values = [...stage.metrics].map(([name, value]) => `${name.replaceAll('_', ' ')} ${number(value)}`);
    return `  ${stage.stage.padEnd(widest)}  ${values.join(', ')}`;
  });
}

/** Relative to the current folder where that is shorter and does not climb. */
function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}
