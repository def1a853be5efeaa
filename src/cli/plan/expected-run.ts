import type { ExpectedWork } from '../../runner/plan/expected-work.ts';
import type { Plan } from '../../runner/plan/plan.ts';
import type { Limits } from '../../runner/schedule/room.ts';
import { taskOf } from '../../runner/schedule/task-of.ts';
import { longestPathFirst, timeLeft } from '../../runner/schedule/time-left.ts';
import { alignedLines } from '../../terminal/aligned.ts';
import { bytes, duration } from '../../terminal/units.ts';
import type { PlanDocument } from '../json-shapes/plan.ts';

type ExpectedRun = PlanDocument['expected'];

/** Stages that are named where something is not known of them; more are counted. */
const SHOWN_STAGES = 3;

/** What a run of a plan will take: its time by the schedule that the run would have, and sums of the rest. */
export function expectedRun(
  { stages }: Pick<Plan, 'stages'>,
  expected: ReadonlyMap<string, ExpectedWork>,
  limits: Limits,
): ExpectedRun {
  const stale = stages.filter(({ state }) => state !== 'hit');
  const tasks = stale.map((planned) => taskOf(planned, expected.get(planned.stage.id)));
  const works = stale.map(({ stage }) => ({ stage: stage.id, ...expected.get(stage.id) }));
  const sum = (values: readonly (number | null | undefined)[]) =>
    values.reduce<number>((total, value) => total + (value ?? 0), 0);
  const without = (isKnown: (work: ExpectedWork) => boolean) =>
    works.filter((work) => !isKnown(work)).map(({ stage }) => stage);
  return {
    duration_ms: timeLeft(longestPathFirst(tasks), limits).left_ms,
    unknown_durations: without(({ duration_ms }) => duration_ms !== undefined),
    output_bytes: sum(works.map(({ output_bytes }) => output_bytes)),
    unknown_outputs: without(({ output_bytes }) => output_bytes !== undefined),
    download_bytes: sum(works.map(({ download_bytes }) => download_bytes)),
    unknown_downloads: without(({ download_bytes }) => download_bytes !== null),
  };
}

/** What a run will take for people; `stale`: how many stages run or may run. */
export function expectedLines(expected: ExpectedRun, stale: number): readonly string[] {
  const { duration_ms, unknown_durations, output_bytes, unknown_outputs } = expected;
  const { download_bytes, unknown_downloads } = expected;
  const time = unknown_durations.length < stale ? `about ${duration(duration_ms)}` : undefined;
  const disk = unknown_outputs.length < stale ? `about ${bytes(output_bytes)}` : undefined;
  const download = download_bytes > 0 ? `at most ${bytes(download_bytes)}` : undefined;
  const downloads = download !== undefined || unknown_downloads.length > 0;
  return alignedLines([
    ['time', textOf(time, unknown_durations)],
    ['disk', textOf(disk, unknown_outputs)],
    ...(downloads ? [['download', textOf(download, unknown_downloads)]] : []),
  ]);
}

/** `about 42 s, without eval (not known)`. */
function textOf(known: string | undefined, unknown: readonly string[]): string {
  if (known === undefined) return 'not known';
  if (unknown.length === 0) return known;
  const more = unknown.length - SHOWN_STAGES;
  const names = unknown.slice(0, SHOWN_STAGES).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return `${known}, without ${names} (not known)`;
}
