import type { KeyManifest } from '../../cache/records/action-key.ts';
import { type Change, changesBetween, describeChange } from '../../cache/records/manifest-diff.ts';
import type { Json } from '../../contract/json.ts';
import type { Digest } from '../../files/digest.ts';
import { endingsOf, type StoredRun } from '../../runner/events/stored-run.ts';
import { openWorkspace, type Workspace } from '../../runner/workspace.ts';
import { type Paint, paintFor } from '../../terminal/paint.ts';
import { show, visibleJson } from '../../terminal/show.ts';
import type { RunDiff } from '../json-shapes/runs.ts';
import { artifactsDirectory } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { runNamed } from './run-named.ts';

/** Prints what differs between two runs; as a JSON document (json-shapes/runs.ts) with `json`. */
export async function showDiff(
  names: readonly [before: string, after: string],
  options: Pick<PipelineOptions, 'artifacts'> & { readonly json?: true },
): Promise<void> {
  const workspace = openWorkspace(artifactsDirectory(undefined, options), tellCacheProblem);
  const before = await runNamed(names[0], workspace);
  const after = await runNamed(names[1], workspace);
  const diff: RunDiff = {
    before: before.about.run,
    after: after.about.run,
    about: changesOfAbout(before, after),
    stages: await changesOfStages(before, after, workspace),
  };
  if (options.json) show(process.stdout, visibleJson(diff, 2));
  else show(process.stdout, ...lines(diff, paintFor(process.stdout)));
}

function changesOfAbout(before: StoredRun, after: StoredRun): RunDiff['about'] {
  const facts = ({ about, events }: StoredRun): ReadonlyMap<string, Json | undefined> => {
    const engine = events.find((event) => event.type === 'engine-chosen')?.engine;
    return new Map<string, Json | undefined>([
      ['pipeline', about.pipeline],
      ['commit', about.commit],
      ['engine', engine],
      ...Object.entries(about.versions).map(([name, version]) => [`versions.${name}`, version] as const),
      ...Object.entries(about.params).map(([name, value]) => [`params.${name}`, value] as const),
    ]);
  };
  const [old, now] = [facts(before), facts(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((path) => JSON.stringify(old.get(path)) !== JSON.stringify(now.get(path)))
    .map((path) => asChange({ path, before: old.get(path), after: now.get(path) }));
}

async function changesOfStages(
  before: StoredRun,
  after: StoredRun,
  workspace: Workspace,
): Promise<RunDiff['stages']> {
  const [old, now] = [actionsOf(before), actionsOf(after)];
  const stages: RunDiff['stages'][number][] = [];
  for (const stage of new Set([...old.keys(), ...now.keys()])) {
    const [then, since] = [old.get(stage), now.get(stage)];
    if (then === since && then !== undefined) continue;
    if (!now.has(stage)) stages.push({ stage, change: 'only before', changes: [] });
    else if (!old.has(stage)) stages.push({ stage, change: 'only after', changes: [] });
    else {
      const manifests = [await manifestOf(then, workspace), await manifestOf(since, workspace)] as const;
      const [first, second] = manifests;
      if (first === undefined || second === undefined) stages.push({ stage, change: 'unknown', changes: [] });
      else stages.push({ stage, change: 'changed', changes: changesBetween(first, second).map(asChange) });
    }
  }
  return stages;
}

/** The action that a stage was; undefined where that was not stored or there was no result. */
function actionsOf(run: StoredRun): ReadonlyMap<string, Digest | undefined> {
  return new Map([...endingsOf(run)].map(([stage, { action }]) => [stage, action as Digest | undefined]));
}

async function manifestOf(
  action: Digest | undefined,
  { records }: Workspace,
): Promise<KeyManifest | undefined> {
  return action === undefined ? undefined : (await records.find(action))[0]?.manifest;
}

function asChange({ path, before, after }: Change): RunDiff['about'][number] {
  return { path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
}

function lines({ before, after, about, stages }: RunDiff, paint: Paint): readonly string[] {
  const title = paint('bold', `${before} -> ${after}`);
  if (about.length === 0 && stages.length === 0) return [title, 'nothing is different'];
  return [
    title,
    ...about.map((change) => described(change)),
    ...stages.flatMap(({ stage, change, changes }) => [
      '',
      `${paint('bold', stage)}  ${change === 'unknown' ? 'changed, but its record is gone' : change}`,
      ...changes.map((one) => `  ${described(one)}`),
    ]),
  ];
}

function described({ path, before, after }: RunDiff['about'][number]): string {
  return describeChange({ path, before, after });
}
