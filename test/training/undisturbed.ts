import { expect } from 'vitest';
import { Checkpoints } from '../../src/training/checkpoint.ts';
import type { TrainingSurroundings } from '../../src/training/loop.ts';

/** Surroundings in which a training runs to its end in an empty folder; only what is given is listened to. */
export function undisturbed(
  folder: string,
  listeners: Partial<TrainingSurroundings> = {},
): TrainingSurroundings {
  return {
    checkpoints: new Checkpoints(folder, [], (message) => expect.fail(message)),
    checkpointInterval: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
    onResume: () => {},
    onUpdate: () => {},
    onPart: () => {},
    onEvaluation: () => {},
    onSample: () => {},
    ...listeners,
  };
}
