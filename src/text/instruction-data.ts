import { messageOf } from '../contract/message-of.ts';
import { StageError } from '../contract/stage-context.ts';
import { withoutMark } from './byte-order-mark.ts';
import type { InstructionItem } from './prompt/prompt-style.ts';

/** An item of the data; one of preference data also has an answer that is not wanted. */
export interface DataItem extends InstructionItem {
  readonly rejected?: string;
}

/** So many faults are reported at once; the rest are counted. */
const FAULTS_SHOWN = 5;

/**
 * Reads instruction data: a JSON array of {instruction, input?, output}, or one such object a line (JSON
 * Lines, told by the first character). Items of preference data have `chosen` and `rejected`; `chosen` is their output,
 * also where they have one next to it. A missing or null input becomes the empty text; other fields are left out. Throws
 * StageError with index (from 0) and field of the items that are wrong.
 */
export function parseInstructionData(text: string): DataItem[] {
  const json = withoutMark(text);
  const values = json.trimStart().startsWith('[') ? parseArray(json) : parseLines(json);
  const faults = values.flatMap((value, index) => itemFaults(value, index));
  if (faults.length > 0) {
    const more = faults.length - FAULTS_SHOWN;
    const shown = faults.slice(0, FAULTS_SHOWN).join('; ');
    throw new StageError(
      `The data is not instruction data: ${shown}${more > 0 ? `; and ${more} more` : ''}.`,
      {
        hint: 'Every item needs the texts "instruction" and "output", or "chosen" and "rejected" in its place; "input" may be left out.',
      },
    );
  }
  return (values as Record<string, string | null | undefined>[]).map((item) => ({
    instruction: item.instruction ?? '',
    input: item.input ?? '',
    output: item.chosen ?? item.output ?? '',
    ...(typeof item.rejected === 'string' && { rejected: item.rejected }),
  }));
}

function itemFaults(value: unknown, index: number): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [`item ${index} is not an object`];
  }
  const item = value as Record<string, unknown>;
  const faults: string[] = [];
  const isPair = item.chosen != null || item.rejected != null;
  for (const field of ['instruction', 'input', ...(isPair ? ['chosen', 'rejected'] : ['output'])]) {
    const missing = item[field] === undefined || item[field] === null;
    if (missing && field !== 'input') faults.push(`item ${index} has no "${field}"`);
    else if (!missing && typeof item[field] !== 'string')
      faults.push(`"${field}" of item ${index} is not a text`);
  }
  return faults;
}

function parseArray(json: string): unknown[] {
  return parseJson(json, 'The data') as unknown[];
}

function parseLines(json: string): unknown[] {
  return json
    .split('\n')
    .map((text, index) => ({ text, line: index + 1 }))
    .filter(({ text }) => text.trim() !== '')
    .map(({ text, line }) => parseJson(text, `Line ${line} of the data`));
}

function parseJson(json: string, what: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    const reason = messageOf(error);
    throw new StageError(`${what} is not JSON: ${reason}.`, {
      hint: 'Give a JSON array of objects, or one JSON object a line.',
    });
  }
}
