import { ENGINE_NAMES, type EngineName } from '../contract/engine-name.ts';
import { StageError } from '../contract/stage-context.ts';
import { ENGINES } from './engines.ts';

/** What a stage's context says of the engine of the run. */
export interface ContextEngine {
  readonly engine?: EngineName;
  readonly engineByName?: boolean;
}

/**
 * The engine of a stage that works with a model of `parameters` parameters. Throws StageError, saying what to do,
 * if `auto` found only an engine that is far too slow for it.
 */
export function engineFor({ engine, engineByName }: ContextEngine, parameters: number): EngineName {
  if (engine === undefined) throw new Error('the runner gave a stage with tensors no engine');
  const { slowAbove = Number.POSITIVE_INFINITY } = ENGINES[engine];
  if (engineByName !== true && parameters > slowAbove) {
    throw new StageError(
      `The engine ${engine}, the best that works here, is too slow for a model of ${millions(parameters)} million parameters.`,
      {
        hint: `pipe doctor says why onnxruntime, which comes with pipe, does not work here. Or install another: ${installable()}; or insist with --engine ${engine}`,
      },
    );
  }
  return engine;
}

/** Commands that install the engines that do not come with pipe. */
function installable(): string {
  const commands = ENGINE_NAMES.flatMap((name) => {
    const { needs } = ENGINES[name];
    return needs ? [`npm install ${needs.packages.join(' ')} (${needs.hardware})`] : [];
  });
  return new Intl.ListFormat('en', { type: 'disjunction' }).format(commands);
}

function millions(count: number): string {
  return (count / 1e6).toFixed(0);
}
