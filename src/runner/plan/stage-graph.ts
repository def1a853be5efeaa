import { StageError } from '../../contract/stage-context.ts';
import { variantHint } from '../../pipeline/diagnostics/variant-hint.ts';
import type { InputSource, Pipeline, Stage } from '../../pipeline/pipeline.ts';
import { leftOutMessage, stagesNamed } from '../../pipeline/variant-name.ts';

/** The commas of `train@epochs=1,rate=2,judge` but for those within a label. */
const BETWEEN_NAMES = /\s*,\s*(?![A-Za-z_][\w-]*=)/;

/** A stage that the arguments name and the pipeline does not have. */
export class UnknownStageError extends StageError {}

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

/**
 * The targets and all that they need, in the pipeline's order; the whole pipeline without targets. Targets
 * name stages as `stagesNamed` reads them. Throws an UnknownStageError for an unknown one.
 */
export function selectStages(pipeline: Pipeline, targets: readonly string[] | undefined): readonly Stage[] {
  if (targets === undefined) return pipeline.stages;
  const wanted = new Set(stageIds(pipeline, targets));
  for (const stage of [...pipeline.stages].reverse()) {
    if (wanted.has(stage.id)) for (const producer of producersOf(stage)) wanted.add(producer);
  }
  return pipeline.stages.filter(({ id }) => wanted.has(id));
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
    const names = new Set(pipeline.stages.flatMap(({ name, id }) => [name, id]));
    throw new UnknownStageError(`pipeline ${pipeline.name} has no stage \`${wanted}\``, {
      hint: variantHint(wanted, names, 'its stages'),
    });
  });
}
