import { isObject } from '../contract/json.ts';
import { StageError } from '../contract/stage-context.ts';
import { type DataForm, readData } from './data/read-data.ts';
import type { InstructionItem } from './prompt/prompt-style.ts';

/** One element of a `responses` artifact: an instruction, the expected output, and what the model replied. */
export interface Response extends Omit<InstructionItem, 'output'> {
  /** Unset where the instruction is a prompt alone, to which nobody knows the answer. */
  readonly output?: string;
  readonly model_response: string;
  /** Number of the reply among several to the same record, from 0. */
  readonly sample?: number;
}

const NEEDED = ['instruction', 'model_response'] as const;
const TEXTS = [...NEEDED, 'input', 'output'] as const;

const HINT =
  'Give what a `generate` stage writes: a JSON array (or one object a line) with the texts instruction, output, ' +
  'model_response; "input" may be left out, and "output" where there is none.';

/**
 * Reads responses as people have them: in any form of data, in UTF-8 with or without its mark. A missing or null `input`
 * becomes the empty text, a null `output` is as good as none; further fields are kept, for prompts. Throws StageError with
 * index and field where one is wrong, and if there are none.
 */
export async function readResponses(path: string): Promise<Response[]> {
  const { form, items } = await readData({ path, name: 'The input `responses`' });
  const responses: Response[] = [];
  for await (const { value } of items) responses.push(response(value, responses.length, form));
  if (responses.length === 0) throw wrong('The input `responses` holds no items.');
  return responses;
}

/** The expected output. Throws StageError that says what it is for, such as `the judge compares with`, if there is none. */
export function expectedOutput({ output }: Response, index: number, what: string): string {
  if (output !== undefined) return output;
  throw new StageError(`Item ${index} of the input \`responses\` has no output, which ${what}.`, {
    hint: 'Prompts alone are judged by a language model whose `prompt` does without `output`, by people or by a program.',
  });
}

function response(value: unknown, index: number, form: DataForm): Response {
  if (!isObject(value)) throw wrong(`Item ${index} of the input \`responses\` is not an object.`);
  const { output, ...rest } = form === 'CSV' ? withoutBlanks(value) : value;
  const item = { ...rest, input: rest.input ?? '', ...(output != null && { output }) };
  const isText = (field: string) => typeof Object(item)[field] === 'string';
  const fault = TEXTS.find((field) => (Object.hasOwn(item, field) || isNeeded(field)) && !isText(field));
  if (fault !== undefined) {
    const fields = Object.keys(value).join(', ') || 'none';
    throw wrong(`Item ${index} of the input \`responses\` has no text "${fault}".`, form, fields);
  }
  return item as unknown as Response;
}

function isNeeded(field: string): boolean {
  return (NEEDED as readonly string[]).includes(field);
}

/** In a table no field can be left out: nothing is an empty text. */
function withoutBlanks(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inner ?? '']));
}

function wrong(message: string, form?: DataForm, fields?: string): StageError {
  const found =
    form === undefined ? '' : `The file was read as ${form}, and the item has the fields: ${fields}. `;
  return new StageError(message, { hint: found + HINT });
}
