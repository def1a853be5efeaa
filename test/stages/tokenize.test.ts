import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { tokenize } from '../../src/stages/tokenize.ts';
import { type InstructionRecord, writeRecords } from '../../src/text/records.ts';
import { tokenizerFor } from '../../src/text/tokenizer/tokenizer.ts';
import { readTokens } from '../../src/training/data/token-file.ts';
import { freshDirectory, removeDirectories, runStage } from './run-stage.ts';

afterEach(removeDirectories);

function record(id: number, prompt: string, response: string): InstructionRecord {
  return { id, instruction: prompt, input: '', output: response, prompt, response };
}

const records = [
  record(0, 'What is 2 + 2?', '\n\n### Response:\n4'),
  record(1, 'Naïve 🙂', ' <|endoftext|>'),
];

async function inputs(): Promise<{ train: string; validation: string }> {
  const folder = freshDirectory();
  const paths = { train: join(folder, 'train.jsonl'), validation: join(folder, 'validation.jsonl') };
  await writeRecords(paths.train, records);
  await writeRecords(paths.validation, records.slice(0, 1));
  return paths;
}

describe('tokenize', () => {
  for (const encoding of ['gpt2', 'bytes'] as const) {
    it(`writes the ${encoding} tokens of prompt and response, and how many are the prompt's`, async () => {
      const tokenizer = await tokenizerFor(encoding);
      const { outputs, events } = await runStage(tokenize, { with: { encoding }, inputs: await inputs() });
      const train = await readTokens(outputs.train!);
      expect(train.encoding).toBe(encoding);
      expect(train.texts.map((ids) => tokenizer.decode(ids))).toEqual(
        records.map(({ prompt, response }) => prompt + response),
      );
      expect(train.texts.map((ids, i) => tokenizer.decode(ids.subarray(0, train.promptLengths[i])))).toEqual(
        records.map(({ prompt }) => prompt),
      );
      expect(train.texts.every((ids) => !ids.includes(train.endOfText))).toBe(true);
      expect((await readTokens(outputs.validation!)).texts).toHaveLength(1);
      expect(events).toContainEqual({
        type: 'log',
        message: expect.stringMatching(/^train: 2 texts, \d+ tokens, \d+ in the longest$/),
      });
    });
  }

  it('refuses prompts without answers, by their record', async () => {
    const paths = await inputs();
    const { output: _, response: __, ...alone } = record(7, 'Why?', '');
    await writeRecords(paths.validation, [records[0]!, alone]);
    await expect(runStage(tokenize, { inputs: paths })).rejects.toMatchObject({
      message: 'Input validation: Record 7 has no output: it is a prompt alone.',
      hint: expect.stringContaining('generate'),
    });
  });

  it('gives the same bytes each time', async () => {
    const paths = await inputs();
    const [first, second] = [
      await runStage(tokenize, { inputs: paths }),
      await runStage(tokenize, { inputs: paths }),
    ];
    expect(first.digests).toEqual(second.digests);
    expect(readFileSync(first.outputs.train!).length).toBeGreaterThan(100);
  });

  it('gives the bytes that belong to its version', async () => {
    const digests = async (encoding: string) =>
      (await runStage(tokenize, { with: { encoding }, inputs: await inputs() })).digests.train;
    // Other digests mean other results for the same action: raise `version` with them.
    expect([tokenize.version, await digests('gpt2'), await digests('bytes')]).toEqual([
      2,
      'd9388832b228e8a85dfdb9caf64c3483e34130e351d96e0c79ce42d8c0ba9818',
      'e8cd51d3971ca381b421f8812895e31ba27047e3374dcf063f6d55d89dafd268',
    ]);
  });

  it('says which line of which input is wrong', async () => {
    const paths = await inputs();
    appendFileSync(paths.validation, '{"id": 7, "instruction": "x"}\n');
    await expect(runStage(tokenize, { inputs: paths })).rejects.toThrow(
      'Input validation: line 2 of the records: `input` is not a text',
    );
    writeFileSync(paths.train, '{oops\n');
    await expect(runStage(tokenize, { inputs: paths })).rejects.toThrow(
      'Input train: line 1 of the records is not JSON',
    );
  });

  it('refuses inputs without records and records without text', async () => {
    const paths = await inputs();
    writeFileSync(paths.train, '');
    await expect(runStage(tokenize, { inputs: paths })).rejects.toThrow(
      'Input train: there are no records in it.',
    );
    await writeRecords(paths.train, [record(5, '', '')]);
    await expect(runStage(tokenize, { inputs: paths })).rejects.toThrow(
      'Input train: prompt and response of record 5 are both empty.',
    );
  });
});
