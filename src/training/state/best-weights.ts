import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sync } from '../../files/durable.ts';
import type { Evaluation } from './history.ts';
import { readVariables, type Variables, writeVariables } from './variables-file.ts';

/** The evaluation with the lowest validation loss, the first of equals. */
export function bestEvaluation(history: readonly Evaluation[]): Evaluation | undefined {
  return history.reduce<Evaluation | undefined>(
    (best, evaluation) => (best && best.validationLoss <= evaluation.validationLoss ? best : evaluation),
    undefined,
  );
}

/**
 * The weights of the best evaluation so far: on the disk, because another copy of a model may not fit into memory.
 * The file is complete from the moment that it has its name, and never changes.
 */
export class BestWeights {
  readonly #directory: string;
  readonly #variables: Variables;

  constructor(directory: string, variables: Variables) {
    this.#directory = directory;
    this.#variables = variables;
  }

  /** Files that the rest of a training with this history depends on. */
  filesOf(history: readonly Evaluation[]): string[] {
    const best = bestEvaluation(history);
    return best ? [this.#path(best)] : [];
  }

  /** Writes the weights as they are now where the last evaluation is the best, and removes those before. */
  async keepIfBest(history: readonly Evaluation[]): Promise<void> {
    const best = bestEvaluation(history);
    if (best === undefined || best !== history.at(-1)) return;
    const path = this.#path(best);
    await writeVariables(`${path}.unfinished`, this.#variables);
    await sync(`${path}.unfinished`);
    await rename(`${path}.unfinished`, path);
    await sync(this.#directory);
    for (const name of await readdir(this.#directory)) {
      const other = join(this.#directory, name);
      if (name.startsWith(PREFIX) && other !== path) await rm(other);
    }
  }

  /** Sets the variables to the weights of the best evaluation. */
  async load(history: readonly Evaluation[]): Promise<void> {
    for (const path of this.filesOf(history)) await readVariables(path, this.#variables);
  }

  #path({ updates }: Evaluation): string {
    return join(this.#directory, `${PREFIX}${String(updates).padStart(10, '0')}.safetensors`);
  }
}

const PREFIX = 'best-';
