import { readFile } from 'node:fs/promises';
import { dottedEntries } from '../../contract/json.ts';
import { messageOf } from '../../contract/message-of.ts';
import { metricsOf } from '../../contract/stage-type.ts';
import { nameOfStage } from '../../pipeline/variant-name.ts';
import type { RunEvent } from '../../runner/events/run-event.ts';
import { listRuns, readRun } from '../../runner/events/run-store.ts';
import { endOf, type StoredRun, variantsOfStoredRun } from '../../runner/events/stored-run.ts';
import type { Workspace } from '../../runner/workspace.ts';
import { type DoneStage, outputFile } from '../compare/read-measurements.ts';
import { doneStages } from '../compare/variants-of-run.ts';
import { runNamed } from '../runs/run-named.ts';
import { curvesOf, HISTORY } from './curves.ts';
import type { Point, TrackedRun } from './tracked-run.ts';

type Warn = (message: string) => void;

/** The stored runs of these names, or all, oldest first. Throws a UserError for a name that no run has. */
export async function storedRuns(
  names: readonly string[],
  workspace: Workspace,
  warn: Warn,
): Promise<readonly StoredRun[]> {
  if (names.length > 0) return await Promise.all(names.map((name) => runNamed(name, workspace)));
  const { runsDirectory } = workspace;
  const ids = (await listRuns(runsDirectory)).reverse();
  const runs = await Promise.all(ids.map((id) => readRun(runsDirectory, id, warn)));
  return runs.filter((run) => run !== undefined);
}

/**
 * A run, or each of its variants, as trackers show it; a run at work as far as it is. What is not in the cache any more is
 * left out, and `warn` says so.
 */
export async function trackedRuns(
  stored: StoredRun,
  workspace: Workspace,
  warn: Warn,
): Promise<readonly TrackedRun[]> {
  const { about } = stored;
  const done = await doneStages(stored, workspace);
  const end = endOf(stored);
  const runs: TrackedRun[] = [];
  for (const { label, params, stages } of variantsOfStoredRun(stored)) {
    const points: Point[] = [];
    for (const id of stages) points.push(...(await pointsOf(id, done.get(id), stored, workspace, warn)));
    runs.push({
      run: about.run,
      variant: label,
      pipeline: about.pipeline,
      outcome: end?.outcome ?? 'unfinished',
      started: Date.parse(about.started),
      ...(end && { finished: Date.parse(end.time) }),
      ...(about.commit !== undefined && { commit: about.commit }),
      parameters: Object.fromEntries(dottedEntries(params)),
      points: points.sort((a, b) => (a.metric < b.metric ? -1 : a.metric > b.metric ? 1 : a.step - b.step)),
    });
  }
  return runs;
}

/** What a stage measured: while it works its progress, then its declared metrics, those it reported, and its curves. */
async function pointsOf(
  id: string,
  done: DoneStage | undefined,
  { events }: StoredRun,
  workspace: Workspace,
  warn: Warn,
): Promise<readonly Point[]> {
  const own = events.filter((event) => 'stage' in event && event.stage === id);
  const stage = done?.name ?? nameOfStage(id);
  const reported = reportedBy(own, stage);
  if (done === undefined) {
    const finished = own.some(
      (event) => event.type === 'stage-finished' && /^(ran|hit)$/.test(event.outcome),
    );
    if (finished) warn(`${id} is exported without its outputs: the cache has no record of it any more`);
    return [...reported, ...progressOf(own, stage)];
  }
  try {
    const measured = await outputsOf(done, own, workspace);
    const declared = new Set(measured.map(({ metric }) => metric));
    return [...measured, ...reported.filter(({ metric }) => !declared.has(metric))];
  } catch (error) {
    warn(`${id} is exported without its outputs: ${messageOf(error)}`);
    return reported;
  }
}

/** The last value of each metric that a stage reported; those of a hit were reported when its result was made. */
function reportedBy(own: readonly RunEvent[], stage: string): readonly Point[] {
  const last = new Map<string, Point>();
  for (const event of own) {
    const values =
      event.type === 'stage-metric'
        ? { [event.name]: event.value }
        : event.type === 'stage-finished'
          ? event.metrics
          : undefined;
    for (const [name, value] of Object.entries(values ?? {})) {
      const metric = `${stage}/${name}`;
      last.set(metric, { metric, step: 0, time: Date.parse(event.time), value });
    }
  }
  return [...last.values()];
}

async function outputsOf(
  { name, type, record }: DoneStage,
  own: readonly RunEvent[],
  { objects }: Workspace,
): Promise<readonly Point[]> {
  const pathOf = async (output: string) => {
    const path = await outputFile(record, output, objects);
    if (path === undefined) throw new Error(`the output ${name}.${output} is not in the cache`);
    return path;
  };
  const end = Date.parse(String(record.provenance.finished));
  const points: Point[] = [];
  for (const metric of metricsOf(type, record.manifest.settings)) {
    const { value } = await metric.read(await pathOf(metric.output));
    if (value !== null) points.push({ metric: `${name}/${metric.name}`, step: 0, time: end, value });
  }
  if (record.outputs[HISTORY] !== undefined) {
    const csv = await readFile(await pathOf(HISTORY), 'utf8');
    const progress = own.filter((event) => event.type === 'stage-progress');
    const timeOf = (updates: number) => {
      const reached = progress.find(({ done }) => done >= updates);
      return reached ? Date.parse(reached.time) : end;
    };
    points.push(...curvesOf(csv, `${name}.${HISTORY}`, timeOf));
  }
  return points;
}

/** The numbers that an unfinished stage reported with its progress, each at the step at which it did. */
function progressOf(own: readonly RunEvent[], stage: string): readonly Point[] {
  const points = new Map<string, Point>();
  for (const event of own) {
    if (event.type !== 'stage-progress') continue;
    for (const [name, value] of Object.entries(event.metrics ?? {})) {
      if (typeof value !== 'number') continue;
      const metric = `${stage}.progress/${name}`;
      const point = { metric, step: Math.floor(event.done), time: Date.parse(event.time), value };
      points.set(`${metric} ${point.step}`, point);
    }
  }
  return [...points.values()];
}
