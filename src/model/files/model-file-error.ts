import { StageError } from '../../contract/stage-context.ts';

/** A model's file that is damaged, cut short, or not what its configuration says; the message says which and how. */
export class ModelFileError extends StageError {
  /** Names of the files that are refused, as the model's folder calls them; empty where it is unclear which are wrong. */
  readonly files: readonly string[];

  constructor(message: string, options: { readonly hint?: string; readonly files?: readonly string[] } = {}) {
    super(message, options);
    this.files = options.files ?? [];
  }

  /** What is wrong with one file. `file`: its name, as the user knows it. */
  static of(file: string, problem: string, hint?: string): ModelFileError {
    return new ModelFileError(`${file}: ${problem}`, { files: [file], ...(hint !== undefined && { hint }) });
  }
}
