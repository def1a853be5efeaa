import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judge } from '../../../../src/stages/judge/judge.ts';
import { type OpenAiServer, startOpenAiServer } from '../../../servers/openai-server.ts';
import { freshDirectory, removeDirectories, runStage } from '../../run-stage.ts';

const who = {
  kind: 'openai',
  label: 'By a rubric',
  model: 'judge-1',
  prompt: 'By {{ rubric }}: {{ model_response }}. ',
  instructions: 'A number only.',
  fields: ['rubric'],
};

let server: OpenAiServer;
beforeEach(async () => {
  server = await startOpenAiServer(() => '80');
});
afterEach(async () => {
  await server.close();
  removeDirectories();
});

const run = (responses: readonly object[], more: object = {}) => {
  const path = join(freshDirectory(), 'responses.json');
  writeFileSync(path, JSON.stringify(responses));
  const settings = { judge: { ...who, ...more }, rationales: 0, url: server.url };
  return runStage(judge, { with: settings, inputs: { responses: path } });
};
const RESPONSE = { instruction: 'Name a colour.', output: 'red', model_response: 'blue' };

describe('the question to a language model', () => {
  it('sees the further fields of the responses that are named', async () => {
    await run([{ ...RESPONSE, rubric: 'brightness' }]);
    expect(server.questions[0]!.messages[0]!.content).toBe('By brightness: blue. A number only.');
  });

  it('is not asked where a response lacks one of them', async () => {
    await expect(run([{ ...RESPONSE, rubric: 'brightness' }, RESPONSE])).rejects.toThrow(
      "Item 1 of the responses has no `rubric`, which the judge's `fields` name.",
    );
  });

  it('says what to raise where it does not fit into the context', async () => {
    const long = { ...RESPONSE, model_response: 'x'.repeat(30_000), rubric: 'length' };
    await expect(run([long], { context_tokens: 2048 })).rejects.toMatchObject({
      message: expect.stringContaining('(`context_tokens`)'),
      hint: expect.stringContaining('Raise the setting that is named'),
    });
  });
});
