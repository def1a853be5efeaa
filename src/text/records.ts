import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isObject } from '../contract/json.ts';
import { messageOf } from '../contract/message-of.ts';
import { StageError } from '../contract/stage-context.ts';
import { linesOf } from './lines.ts';

/** One line of a `records` artifact: an instruction with its expected answer, and both as rendered texts. */
export interface InstructionRecord {
  /** Index of the item in the data that it comes from; kept by every later stage. */
  readonly id: number;
  readonly instruction: string;
  /** Empty where the instruction needs no input. */
  readonly input: string;
  readonly output: string;
  /** What a model is given. prompt + response is the training text. */
  readonly prompt: string;
  readonly response: string;
  /** Of a preference pair: what a model should rather not respond, rendered as `response` is. */
  readonly rejected?: string;
}

const TEXT_FIELDS = ['instruction', 'input', 'output', 'prompt', 'response'] as const;

/** Reads JSON Lines of records, in order. Throws with file name, line number and field where one is not a record. */
export async function readRecords(path: string): Promise<InstructionRecord[]> {
  const records: InstructionRecord[] = [];
  let line = 0;
  for await (const text of linesOf(createReadStream(path))) {
    line += 1;
    if (text !== '') records.push(parseRecord(text, `line ${line}`));
  }
  return records;
}

/** Writes records as JSON Lines, one a line, fields always in the same order. */
export async function writeRecords(path: string, records: Iterable<InstructionRecord>): Promise<void> {
  await pipeline(Readable.from(jsonLines(records)), createWriteStream(path));
}

function* jsonLines(records: Iterable<InstructionRecord>): Generator<string> {
  for (const { id, instruction, input, output, prompt, response, rejected } of records) {
    yield `${JSON.stringify({ id, instruction, input, output, prompt, response, rejected })}\n`;
  }
}

function parseRecord(text: string, place: string): InstructionRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new StageError(`${place} of the records is not JSON: ${messageOf(error)}`);
  }
  if (!isObject(value)) throw new StageError(`${place} of the records is not a JSON object`);
  if (!Number.isInteger(value.id)) throw new StageError(`${place} of the records: \`id\` is not an integer`);
  for (const field of [...TEXT_FIELDS, ...(value.rejected === undefined ? [] : ['rejected'])]) {
    if (typeof value[field] !== 'string')
      throw new StageError(`${place} of the records: \`${field}\` is not a text`);
  }
  return value as unknown as InstructionRecord;
}
