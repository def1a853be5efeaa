import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isObject, type Json } from '../contract/json.ts';
import { messageOf } from '../contract/message-of.ts';
import { StageError } from '../contract/stage-context.ts';
import { linesOf } from './lines.ts';
import type { Turn } from './turns.ts';

/** One line of a `records` artifact: an instruction with its expected answer, and both as rendered texts. */
export interface InstructionRecord {
  /** Index of the item in the data that it comes from; kept by every later stage. */
  readonly id: number;
  readonly instruction: string;
  /** Empty where the instruction needs no input. */
  readonly input: string;
  /** Unset, as `response` is, where the data has prompts alone. */
  readonly output?: string;
  /** What a model is given. prompt + response is the training text. */
  readonly prompt: string;
  readonly response?: string;
  /** Of a preference pair: what a model should rather not respond, rendered as `response` is. */
  readonly rejected?: string;
  /** What the conversation begins with. */
  readonly system?: string;
  /** The turns before the instruction, where it is not the first of its conversation. */
  readonly history?: readonly Turn[];
  /** Index of the conversation that it comes from, where others come from it too. */
  readonly conversation?: number;
  /**
   * `prompt` and `response` are what the user and the assistant say last, and the chat template of a model writes the
   * conversation. Which answers of it are to be learnt: all, or the last.
   */
  readonly chat_turns?: 'all' | 'last';
  /** Fields of the data that are kept. */
  readonly [kept: string]: Json | undefined;
}

/** A record that has an answer. */
export type AnsweredRecord = InstructionRecord & { readonly output: string; readonly response: string };

const TEXT_FIELDS = ['instruction', 'input', 'prompt'] as const;
const OPTIONAL_TEXT_FIELDS = ['output', 'response', 'rejected', 'system'] as const;

/** Characters that are written at once. */
const WRITTEN_AT_ONCE = 65_536;

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

/** The records, if all have an answer. Throws StageError with the first that has none. */
export function answered(records: readonly InstructionRecord[]): readonly AnsweredRecord[] {
  const without = records.find((record) => !isAnswered(record));
  if (without === undefined) return records as readonly AnsweredRecord[];
  throw new StageError(`Record ${without.id} has no output: it is a prompt alone.`, {
    hint: 'Only `generate` and what follows it take such records. Give data with an "output".',
  });
}

function isAnswered(record: InstructionRecord): record is AnsweredRecord {
  return record.output !== undefined && record.response !== undefined;
}

/** Writes records as JSON Lines, one a line, fields always in the same order. None are held in memory. */
export async function writeRecords(
  path: string,
  records: Iterable<InstructionRecord> | AsyncIterable<InstructionRecord>,
): Promise<void> {
  await pipeline(Readable.from(jsonLines(records)), createWriteStream(path));
}

async function* jsonLines(
  records: Iterable<InstructionRecord> | AsyncIterable<InstructionRecord>,
): AsyncGenerator<string> {
  let lines = '';
  for await (const record of records) {
    lines += `${jsonLine(record)}\n`;
    if (lines.length < WRITTEN_AT_ONCE) continue;
    yield lines;
    lines = '';
  }
  if (lines !== '') yield lines;
}

function jsonLine({
  id,
  instruction,
  input,
  output,
  prompt,
  response,
  rejected,
  system,
  history,
  conversation,
  chat_turns,
  ...kept
}: InstructionRecord): string {
  const own = { id, instruction, input, output, prompt, response, rejected, system, history, conversation };
  return JSON.stringify({ ...own, chat_turns, ...kept });
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
  const there = OPTIONAL_TEXT_FIELDS.filter((field) => Object(value)[field] !== undefined);
  for (const field of [...TEXT_FIELDS, ...there]) {
    if (typeof value[field] !== 'string')
      throw new StageError(`${place} of the records: \`${field}\` is not a text`);
  }
  return value as unknown as InstructionRecord;
}
