import { ModelFileError } from '../../files/model-file-error.ts';

/** A model that llama.cpp would compute as another one, because its files cannot say `what` it has. */
export function notInGguf(what: string): ModelFileError {
  return new ModelFileError(`The model has ${what}, which llama.cpp does not read.`, {
    hint: 'Set format: huggingface: transformers reads that.',
  });
}
