import { join } from 'node:path';

/** Paths of everything that lies in an attempt's directory. The runner and the stage's process meet only here. */
export interface AttemptFiles {
  /** The order to the stage's process, written before it starts. */
  readonly spec: string;
  /** Events of the stage, one JSON object a line, appended by its process and followed by the runner. */
  readonly events: string;
  /** How the attempt ended; written atomically, last. */
  readonly result: string;
  /** Its appearance asks the stage to stop. */
  readonly cancel: string;
  /** Copies of the inputs, for stages that do not read the store in place. */
  readonly inputs: string;
  readonly outputs: string;
  /** Checkpoints and finished items; what a later attempt may go on from. */
  readonly work: string;
}

export function attemptFiles(directory: string): AttemptFiles {
  return {
    spec: join(directory, 'spec.json'),
    events: join(directory, 'events.ndjson'),
    result: join(directory, 'result.json'),
    cancel: join(directory, 'cancel'),
    inputs: join(directory, 'inputs'),
    outputs: join(directory, 'outputs'),
    work: join(directory, 'work'),
  };
}
