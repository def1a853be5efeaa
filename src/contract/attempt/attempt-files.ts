import { join } from 'node:path';

/** Paths of everything that is in an attempt's directory. The runner and the stage's process meet only here. */
export interface AttemptFiles {
  /** The order to the stage's process, written before it starts. */
  readonly spec: string;
  /** Events of the stage, one JSON object a line, appended by its process and followed by the runner. */
  readonly events: string;
  /** How the attempt ended; written atomically, last. */
  readonly result: string;
  /** Its appearance asks the stage to stop. */
  readonly cancel: string;
  /** Under which name it was handed in to a queue of other machines, written before that: whoever comes back finds it. */
  readonly submission: string;
  /** A folder that whoever begins an attempt of a queue makes first: of all that may try it, one alone succeeds. */
  readonly started: string;
  /** What every process of the attempt carries in its environment, so that they can be found after a crash. */
  readonly mark: string;
  /** Copies of the inputs, for stages that do not read the store in place. */
  readonly inputs: string;
  readonly outputs: string;
  /** What the stage needs only while it runs. */
  readonly scratch: string;
  /** Checkpoints and finished items; what a later attempt may continue from. */
  readonly work: string;
}

export function attemptFiles(directory: string): AttemptFiles {
  return {
    spec: join(directory, 'spec.json'),
    events: join(directory, 'events.ndjson'),
    result: join(directory, 'result.json'),
    cancel: join(directory, 'cancel'),
    submission: join(directory, 'submission.json'),
    started: join(directory, 'started'),
    mark: join(directory, 'mark'),
    inputs: join(directory, 'inputs'),
    outputs: join(directory, 'outputs'),
    scratch: join(directory, 'scratch'),
    work: join(directory, 'work'),
  };
}
