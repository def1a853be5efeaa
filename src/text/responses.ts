import { readFile } from 'node:fs/promises';
import { StageError } from '../contract/stage-context.ts';
import { withoutMark } from './byte-order-mark.ts';
import type { InstructionItem } from './prompt/prompt-style.ts';

/** One element of a `responses` artifact: an instruction, the expected output, and what the model replied. */
export interface Response extends InstructionItem {
  readonly model_response: string;
}

const FIELDS = ['instruction', 'input', 'output', 'model_response'] as const;

const HINT = `Give what a \`generate\` stage writes: a JSON array of objects with the texts ${FIELDS.join(', ')}.`;

/** Reads the book's JSON array of responses. Throws StageError with index and field where one is wrong. */
export async function readResponses(path: string): Promise<Response[]> {
  let values: unknown;
  try {
    values = JSON.parse(withoutMark(await readFile(path, 'utf8')));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // It quotes the text, line breaks and all.
    const reason = error.message.replace(/\s+/g, ' ');
    throw new StageError(`The input \`responses\` is not JSON: ${reason}.`, { hint: HINT });
  }
  if (!Array.isArray(values)) {
    throw new StageError('The input `responses` is not a JSON array.', { hint: HINT });
  }
  for (const [index, value] of values.entries()) {
    const missing = FIELDS.find((field) => typeof value?.[field] !== 'string');
    if (missing !== undefined) {
      throw new StageError(`Item ${index} of the input \`responses\` has no text "${missing}".`, {
        hint: HINT,
      });
    }
  }
  return values;
}
