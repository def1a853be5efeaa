import { expect } from 'vitest';
import type { TrainingSurroundings } from '../../src/training/loop.ts';
import { Checkpoints } from '../../src/training/state/checkpoint.ts';

/**
 * Surroundings in which a training runs to its end, with its checkpoints in `folder`, or goes on from those in `earlier`;
 * what is given takes the place of what is quiet here.
 */
export function undisturbed(
  folder: string,
  given: Partial<TrainingSurroundings> = {},
  earlier: readonly string[] = [],
): TrainingSurroundings {
  return {
    checkpoints: new Checkpoints(folder, earlier, (message) => expect.fail(message)),
    checkpointInterval: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
    onResume: () => {},
    onUpdate: () => {},
    onPart: () => {},
    onEvaluation: () => {},
    onSample: () => {},
    ...given,
  };
}
