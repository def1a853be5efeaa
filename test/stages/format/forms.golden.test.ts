import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { format } from '../../../src/stages/format/format.ts';
import { readRecords } from '../../../src/text/records.ts';
import { shippedStyle } from '../../shipped-style.ts';
import { removeDirectories, runStage } from '../run-stage.ts';

afterEach(removeDirectories);

const prompt = shippedStyle('plain');
const golden = (name: string) => join(import.meta.dirname, '../../golden/data', name);

const formatted = (name: string, settings: Record<string, unknown> = {}) =>
  runStage(format, { with: { prompt, ...settings }, inputs: { data: golden(name) } });

async function textsOf(name: string, settings: Record<string, unknown> = {}) {
  const { outputs } = await formatted(name, settings);
  return (await readRecords(outputs.records!)).map(({ prompt, response }) => ({ prompt, response }));
}

describe('the same 200 records, as Python programs write them', () => {
  it.each([
    'wrapped.json',
    'columns.json',
    'lines.jsonl',
    'table.csv',
    'semicolons.csv',
    'tabs.tsv',
    'table.parquet',
  ])('give the same bytes from %s as from an array', async (name) => {
    const { digests } = await formatted('array.json');
    expect((await formatted(name)).digests).toEqual(digests);
  });

  it.each([
    ['renamed.jsonl', { fields: { instruction: 'question', input: 'context', output: 'answer' } }],
    ['renamed.parquet', { fields: { instruction: 'question', input: 'context', output: 'answer' } }],
    ['messages.jsonl', {}],
    ['messages.parquet', {}],
    ['sharegpt.json', { fields: { messages: 'dialogue' } }],
  ])('give the same prompts and answers from %s', async (name, settings) => {
    const expected = await textsOf('array.json');
    expect(expected).toHaveLength(200);
    expect(await textsOf(name, settings)).toEqual(expected);
  });

  it('give the same prompts from UTF-16', async () => {
    const expected = (await textsOf('array.json')).slice(0, 20);
    expect(await textsOf('utf-16.jsonl', { encoding: 'utf-16' })).toEqual(expected);
  });

  it('give the same prompts by templates of the columns', async () => {
    const fields = {
      instruction: "{{ question }}{{ '\\n' + context if context else '' }}",
      input: '{{ "" }}',
      output: '{{ answer }}',
    };
    expect(await textsOf('renamed.jsonl', { fields })).toEqual(await textsOf('array.json'));
  });

  it('are what the script wrote', () => {
    const items = JSON.parse(readFileSync(golden('array.json'), 'utf8'));
    expect(items).toHaveLength(200);
    expect(JSON.stringify(items)).toMatch(/🦆.*日本語/);
  });
});
