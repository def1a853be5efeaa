import { StageError } from '../../contract/stage-context.ts';
import { nameHint } from '../../pipeline/diagnostics/did-you-mean.ts';
import { variantHint } from '../../pipeline/diagnostics/variant-hint.ts';
import type { InputSource, Pipeline, Stage } from '../../pipeline/pipeline.ts';
import { GROUP_PREFIX, leftOutMessage, stagesNamed } from '../../pipeline/variant-name.ts';

/** The commas of `train@epochs=1,rate=2,judge` but for those within a label. */
const BETWEEN_NAMES = /\s*,\s*(?![A-Za-z_][\w-]*=)/;

/** A stage that the arguments name and the pipeline does not have. */
export class UnknownStageError extends StageError {
  readonly isUnknownStage = true;

  /** It has the name of a StageError, and copies of this class in several bundles: the mark tells. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof StageError && 'isUnknownStage' in value;
  }
}

/** Ids of the stages whose outputs a stage takes, each once, in the order of its inputs. */
export function producersOf({ inputs }: Pick<Stage, 'inputs'>): string[] {
  const producers = Object.values(inputs).flatMap((source) => {
    if (source.kind === 'output') return [source.stage];
    return source.kind === 'each' ? Object.values(source.stages) : [];
  });
  return [...new Set(producers)];
}

/** What a stage waits for: producers that it cannot do without, and collections, of each of which it needs one at least. */
interface Needs {
  readonly needs: readonly string[];
  readonly collects: readonly (readonly string[])[];
}

export function needsOf({ inputs }: Pick<Stage, 'inputs'>): Needs {
  const isOptional = (source: InputSource) => source.kind === 'each' && source.optional === true;
  const required = Object.entries(inputs).filter(([, source]) => !isOptional(source));
  const collects = Object.entries(inputs).filter(([, source]) => isOptional(source));
  return {
    needs: producersOf({ inputs: Object.fromEntries(required) }),
    collects: collects.map(([, source]) => producersOf({ inputs: { source } })),
  };
}

/** Which stages are wanted; each part narrows it, and names stages as `stagesNamed` reads them. */
export interface Selection {
  /** These stages. */
  readonly only?: readonly string[];
  /** These, and all that depend on them. */
  readonly from?: readonly string[];
  /** These, and all that they depend on. */
  readonly until?: readonly string[];
}

/**
 * Ids of the stages that are wanted; undefined for the whole pipeline. Throws an UnknownStageError for an unknown name, and
 * where no stage is left.
 */
export function wantedStages(
  pipeline: Pipeline,
  { only, from, until }: Selection,
): ReadonlySet<string> | undefined {
  const parts = [
    only && new Set(stageIds(pipeline, only)),
    from && withDependents(pipeline, stageIds(pipeline, from)),
    until && withProducers(pipeline, stageIds(pipeline, until)),
  ].filter((part) => part !== undefined);
  if (parts.length === 0) return undefined;
  const ids = pipeline.stages.map(({ id }) => id).filter((id) => parts.every((part) => part.has(id)));
  if (ids.length === 0 && parts.length > 1) {
    throw new UnknownStageError('no stage is left by what --only, --from and --until say together', {
      hint: 'Each of them narrows the choice. pipe graph FILE shows which stage depends on which.',
    });
  }
  return new Set(ids);
}

/** The stages that are wanted and all that they need, in the pipeline's order. Throws as `wantedStages` does. */
export function selectStages(pipeline: Pipeline, selection: Selection): readonly Stage[] {
  const wanted = wantedStages(pipeline, selection);
  if (wanted === undefined) return pipeline.stages;
  const selected = withProducers(pipeline, wanted);
  return pipeline.stages.filter(({ id }) => selected.has(id));
}

function withProducers({ stages }: Pipeline, ids: Iterable<string>): ReadonlySet<string> {
  const found = new Set(ids);
  for (const stage of [...stages].reverse())
    if (found.has(stage.id)) for (const producer of producersOf(stage)) found.add(producer);
  return found;
}

function withDependents({ stages }: Pipeline, ids: Iterable<string>): ReadonlySet<string> {
  const found = new Set(ids);
  for (const stage of stages) if (producersOf(stage).some((id) => found.has(id))) found.add(stage.id);
  return found;
}

/**
 * The ids of the stages that texts name (see stagesNamed); one text may name several, as `judge,report`. Throws an
 * UnknownStageError for an unknown one.
 */
export function stageIds(pipeline: Pipeline, idsOrNames: readonly string[]): string[] {
  return idsOrNames.flatMap((wanted) => {
    const found = stagesNamed(pipeline, wanted);
    if (found.length > 0) return found.map(({ id }) => id);
    const several = wanted.split(BETWEEN_NAMES);
    if (several.length > 1) return stageIds(pipeline, several);
    const leftOut = leftOutMessage(pipeline, wanted);
    if (leftOut !== undefined) throw new UnknownStageError(leftOut);
    if (wanted.startsWith(GROUP_PREFIX)) throw unknownGroup(pipeline, wanted);
    const names = new Set(pipeline.stages.flatMap(({ name, id }) => [name, id]));
    throw new UnknownStageError(`pipeline ${pipeline.name} has no stage \`${wanted}\``, {
      hint: variantHint(wanted, names, 'its stages'),
    });
  });
}

function unknownGroup({ name, stages }: Pipeline, wanted: string): UnknownStageError {
  const groups = new Set(stages.flatMap(({ groups }) => groups.map((group) => GROUP_PREFIX + group)));
  const hint =
    groups.size > 0
      ? nameHint(wanted, groups, 'its groups')
      : 'No stage of it is in a group; put one into it with `groups: [NAME]`.';
  return new UnknownStageError(`pipeline ${name} has no ${wanted}`, { hint });
}
