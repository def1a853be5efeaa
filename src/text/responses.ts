import { readFile } from 'node:fs/promises';
import { isObject, parseObject } from '../contract/json.ts';
import { messageOf } from '../contract/message-of.ts';
import { StageError } from '../contract/stage-context.ts';
import type { InstructionItem } from './prompt/prompt-style.ts';

/** One element of a `responses` artifact: an instruction, the expected output, and what the model replied. */
export interface Response extends InstructionItem {
  readonly model_response: string;
  /** Number of the reply among several to the same record, from 0. */
  readonly sample?: number;
}

const REQUIRED = ['instruction', 'output', 'model_response'] as const;

const HINT =
  'Give what a `generate` stage writes: a JSON array (or one object a line) with the texts ' +
  `${REQUIRED.join(', ')}; "input" may be left out.`;

/**
 * Reads responses as people have them: the book's JSON array, or JSON Lines, in UTF-8 with or without its mark. A missing
 * or null `input` becomes the empty text; further fields are kept, for prompts. Throws StageError with index and field
 * where one is wrong, and if there are none.
 */
export async function readResponses(path: string): Promise<Response[]> {
  const text = decoded(await readFile(path));
  const values = text.trimStart().startsWith('[') ? arrayOf(text) : linesOf(text);
  if (values.length === 0) throw wrong('The input `responses` holds no items.');
  return values.map(response);
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new StageError('The input `responses` is not text in UTF-8.', {
      hint: 'Convert it, for example from Windows-1252: iconv -f WINDOWS-1252 -t UTF-8 FILE',
    });
  }
}

function arrayOf(text: string): unknown[] {
  return parsed(text, 'The input `responses`') as unknown[];
}

function linesOf(text: string): unknown[] {
  const whole = parseObject(text);
  if (whole && !Object.hasOwn(whole, 'instruction')) {
    const keys = Object.keys(whole).slice(0, 5).join(', ');
    throw wrong(
      `The input \`responses\` is not a JSON array: it is one object with ${keys || 'nothing in it'}.`,
    );
  }
  if (whole) return [whole];
  return text
    .split('\n')
    .map((line, index) => ({ line, what: `Line ${index + 1} of the input \`responses\`` }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, what }) => parsed(line, what));
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // It quotes the text, line breaks and all.
    throw wrong(`${what} is not JSON: ${messageOf(error).replace(/\s+/g, ' ')}.`);
  }
}

function response(value: unknown, index: number): Response {
  if (!isObject(value)) throw wrong(`Item ${index} of the input \`responses\` is not an object.`);
  const item = { ...value, input: value.input ?? '' };
  const missing = [...REQUIRED, 'input' as const].find((field) => typeof Object(item)[field] !== 'string');
  if (missing !== undefined)
    throw wrong(`Item ${index} of the input \`responses\` has no text "${missing}".`);
  return item as unknown as Response;
}

function wrong(message: string): StageError {
  return new StageError(message, { hint: HINT });
}
