import type { EngineName } from '../contract/engine-name.ts';
import { StageError } from '../contract/stage-context.ts';
import { WEBGPU_PACKAGES } from './webgpu/packages.ts';

/** Above this, wasm and cpu would compute for days, so they must be asked for by name. */
const SLOW_ENGINE_PARAMETERS = 50_000_000;
const SLOW_ENGINES: ReadonlySet<EngineName> = new Set(['wasm', 'cpu']);

/** What a stage's context tells of the engine of the run. */
export interface ContextEngine {
  readonly engine?: EngineName;
  readonly engineByName?: boolean;
}

/**
 * The engine of a stage that works with a model of so many parameters. Throws StageError, saying what to do,
 * where `auto` found only an engine that is far too slow for it.
 */
export function engineFor({ engine, engineByName }: ContextEngine, parameters: number): EngineName {
  if (engine === undefined) throw new Error('the runner gave a stage with tensors no engine');
  if (SLOW_ENGINES.has(engine) && engineByName !== true && parameters > SLOW_ENGINE_PARAMETERS) {
    throw new StageError(
      `The engine ${engine}, the best that works here, is too slow for a model of ${millions(parameters)} million parameters.`,
      {
        hint:
          'pipe doctor says why onnxruntime, which comes with pipe, does not work here. Or install another: ' +
          `npm install @tensorflow/tfjs-node (CPU), npm install ${WEBGPU_PACKAGES.join(' ')} (any GPU) or ` +
          'npm install @tensorflow/tfjs-node-gpu (NVIDIA GPU with CUDA); ' +
          `or insist with --engine ${engine}`,
      },
    );
  }
  return engine;
}

function millions(count: number): string {
  return (count / 1e6).toFixed(0);
}
