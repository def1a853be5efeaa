import { writeFileSync } from 'node:fs';

/** Preference pairs: sums with a right and a wrong answer. */
export const PAIRS = Array.from({ length: 14 }, (_, id) => ({
  id,
  instruction: `${id} + ${id}`,
  input: '',
  output: `${2 * id}`,
  prompt: `${id} + ${id} `,
  response: `= ${2 * id}`,
  rejected: `= ${2 * id + 1}!`,
}));

/** Writes records as JSON Lines; returns the path. */
export function writeRecords(path: string, records: readonly object[]): string {
  writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  return path;
}
