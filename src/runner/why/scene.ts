import type { KeyManifest } from '../../cache/records/action-key.ts';
import { newestRecord } from '../../cache/records/action-record.ts';
import { inputPath } from '../../cache/records/manifest-diff.ts';
import { isDigest } from '../../files/digest.ts';
import type { Pipeline, Stage } from '../../pipeline/pipeline.ts';
import type { Explanation } from '../events/explanation.ts';
import type { Reason } from '../events/run-event.ts';
import { endingsOf, type StoredRun } from '../events/stored-run.ts';
import type { Decider } from '../plan/decide.ts';
import type { Plan } from '../plan/plan.ts';
import type { Workspace } from '../workspace.ts';

/** Where an input comes from. */
export type Source =
  | { readonly stage: string; readonly output: string }
  /** Absolute path of a file. */
  | { readonly path: string };

/** What a stage was, or will be, at some time. */
export interface Seen extends Pick<Explanation, 'state' | 'run' | 'time'> {
  readonly reason: Reason;
  /** All that is known of what it does: inputs that nobody has seen yet are left out. */
  readonly manifest: KeyManifest | undefined;
  /** By the path that a change of the input has. */
  readonly sources: ReadonlyMap<string, Source>;
  /** The stage was run here for its reason: the changes of that, which are exact, say why. */
  readonly ranHere: boolean;
}

/** The stages of a pipeline at some time: as planned now, or as they were in a run. */
export interface Scene {
  of(stage: string): Promise<Seen | undefined>;
}

/** The stages as a plan has them. */
export function plannedScene({ stages }: Plan, decider: Decider): Scene {
  const planned = new Map(stages.map((stage) => [stage.stage.id, stage]));
  return {
    async of(id) {
      const found = planned.get(id);
      if (found === undefined) return undefined;
      const { stage, state, reason, action, record } = found;
      const known =
        action ?? (await decider.knownAction(stage, (id) => planned.get(id)?.record).catch(() => undefined));
      const { run, finished } = Object(state === 'hit' ? record?.provenance : undefined) as Made;
      const made = { ...(run !== undefined && { run }), ...(finished !== undefined && { time: finished }) };
      return {
        state,
        reason,
        manifest: known?.manifest,
        sources: sourcesOf(stage),
        ranHere: false,
        ...made,
      };
    },
  };
}

/** A stage that is about to run. */
export interface Beginning {
  readonly stage: string;
  readonly reason: Reason;
}

/**
 * The stages as they were in a run, of which `events` are those so far; their inputs come from where the pipeline has them
 * now. `beginning`: a stage of which there is no event yet.
 */
export function pastScene(
  { stages }: Pipeline,
  { about, events }: Pick<StoredRun, 'events'> & { readonly about: Pick<StoredRun['about'], 'run'> },
  { records }: Workspace,
  beginning?: Beginning,
): Scene {
  const byId = new Map(stages.map((stage) => [stage.id, stage]));
  return {
    async of(id) {
      const sources = sourcesOf(byId.get(id));
      if (id === beginning?.stage) {
        const { reason } = beginning;
        return { state: 'run', reason, manifest: undefined, sources, ranHere: true };
      }
      const ended = endingsOf({ events }).get(id);
      const started = events.findLast((event) => event.type === 'stage-started' && event.stage === id);
      const last = ended ?? (started?.type === 'stage-started' ? started : undefined);
      if (last === undefined) return undefined;
      const record = isDigest(last.action) ? newestRecord(await records.find(last.action)) : undefined;
      const isHit = last.type === 'stage-finished' && last.outcome === 'hit';
      // The end of a stage that failed says how; why it was run its beginning says.
      const began = started?.type === 'stage-started' ? started.reason : undefined;
      const { run, finished } = Object(record?.provenance) as Made;
      const of = isHit ? { run, time: finished } : { run: about.run, time: last.time };
      return {
        state: 'hit',
        reason: isHit ? last.reason : (began ?? last.reason),
        manifest: record?.manifest,
        sources,
        ranHere: !isHit,
        ...(of.run !== undefined && { run: of.run }),
        ...(of.time !== undefined && { time: of.time }),
      };
    },
  };
}

interface Made {
  readonly run?: string;
  readonly finished?: string;
}

function sourcesOf(stage: Stage | undefined): ReadonlyMap<string, Source> {
  return new Map(
    Object.entries(stage?.inputs ?? {}).flatMap(([name, source]): (readonly [string, Source])[] => {
      if (source.kind === 'file') return [[inputPath(name), { path: source.path }]];
      if (source.kind === 'output')
        return [[inputPath(name), { stage: source.stage, output: source.output }]];
      return Object.entries(source.stages).map(([label, stage]) => [
        inputPath(name, label),
        { stage, output: source.output },
      ]);
    }),
  );
}
