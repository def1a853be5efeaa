import { distance } from 'fastest-levenshtein';
import type { JsonObject } from '../../contract/json.ts';
import { isTurns } from '../turns.ts';
import type { FieldMapping, FieldName } from './field-mapping.ts';

/** What fields are called in public data, likeliest first, without their case and what separates their words. */
const LIKELY: Readonly<Partial<Record<FieldName, readonly string[]>>> = {
  instruction: [
    'instruction',
    'instructions',
    'question',
    'prompt',
    'query',
    'problem',
    'task',
    'request',
    'user',
    'usermessage',
    'human',
    'source',
    'src',
    'text',
    'input',
    'inputs',
  ],
  output: [
    'output',
    'outputs',
    'answer',
    'answers',
    'response',
    'completion',
    'target',
    'targets',
    'reply',
    'solution',
    'assistant',
    'assistantmessage',
    'expected',
    'expectedoutput',
    'gold',
    'label',
    'summary',
    'translation',
    'tgt',
  ],
  input: ['input', 'context', 'passage', 'document', 'article'],
  system: ['systemprompt', 'systemmessage'],
};

/** Letters in which a field's own name may be misspelt. */
const SLIPS = 2;

/**
 * The mapping that would make an item fit, by the names of its columns; undefined where none is likely. It has what is
 * needed for an instruction and an output, and lists columns of turns as messages.
 */
export function suggestedFields(item: JsonObject, keep: readonly string[] = []): FieldMapping | undefined {
  const columns = Object.keys(item).filter((column) => !keep.includes(column));
  const turns = columns.find((column) => isTurns(item[column]));
  if (turns !== undefined) return { messages: turns };
  const free = new Set(columns);
  const mapping: Partial<Record<FieldName, string>> = {};
  for (const field of ['instruction', 'output', 'input', 'system'] as const) {
    const column = likelyColumn(field, [...free], item);
    if (column === undefined) continue;
    free.delete(column);
    if (column !== field) mapping[field] = column;
  }
  const fits = 'instruction' in mapping || columns.includes('instruction');
  return fits && Object.keys(mapping).length > 0 ? mapping : undefined;
}

function likelyColumn(field: FieldName, columns: readonly string[], item: JsonObject): string | undefined {
  if (columns.includes(field)) return field;
  const texts = columns.filter((column) => typeof item[column] === 'string' || item[column] === null);
  const plain = (column: string) => column.toLowerCase().replaceAll(/[^a-z]/g, '');
  for (const name of LIKELY[field]!) {
    const column = texts.find((column) => plain(column) === name);
    if (column !== undefined) return column;
  }
  return texts.find((column) => column.length >= field.length - 1 && distance(plain(column), field) <= SLIPS);
}

/** A mapping as a line of a pipeline. */
export function mappingText(mapping: FieldMapping): string {
  const entries = Object.entries(mapping).map(([field, column]) => {
    const isPlain = /^[A-Za-z_][\w.-]*$/.test(column) && !/^(true|false|null|yes|no|on|off)$/i.test(column);
    return `${field}: ${isPlain ? column : JSON.stringify(column)}`;
  });
  return `fields: { ${entries.join(', ')} }`;
}
