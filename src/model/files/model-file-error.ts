import { StageError } from '../../contract/stage-context.ts';

/** A model's file that is damaged, cut short, or not what its configuration says; the message says which and how. */
export class ModelFileError extends StageError {}
