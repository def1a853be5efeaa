import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judge } from '../../../../src/stages/judge/judge.ts';
import { type OpenAiServer, startOpenAiServer } from '../../../servers/openai-server.ts';
import {
  freshDirectory,
  removeDirectories,
  resolvedSettings,
  runStage,
  type StageRunOptions,
  world,
} from '../../run-stage.ts';
import { responsesFile } from '../responses-file.ts';
import { scoresOf } from '../scores-of.ts';

const who = {
  kind: 'openai',
  label: 'A judge behind an API',
  model: 'judge-1',
  prompt: 'Score {{ model_response }}: ',
  instructions: 'a number only.',
  options: { seed: 1, temperature: 0 },
};

let server: OpenAiServer;
let responses: string;

beforeEach(async () => {
  server = await startOpenAiServer(() => '85');
  responses = responsesFile(['red', 'blue'], 'red');
});
afterEach(async () => {
  await server.close();
  removeDirectories();
});

const settings = (more: object = {}, ofStage: object = {}) => ({
  judge: { ...who, ...more },
  rationales: 0,
  url: server.url,
  ...ofStage,
});
const run = async (more: object = {}, ofStage: object = {}, options: StageRunOptions = {}) => {
  const { outputs } = await runStage(judge, {
    with: settings(more, ofStage),
    inputs: { responses },
    ...options,
  });
  return scoresOf(outputs.scores);
};
const scores = async (...args: Parameters<typeof run>) => (await run(...args)).map(({ score }) => score);
const reasons = async (...args: Parameters<typeof run>) => (await run(...args)).map(({ reason }) => reason);
const problems = (more: object = {}, ofStage: object = {}, secrets: Record<string, string> = {}) =>
  judge.preflight!(resolvedSettings(judge, settings(more, ofStage)), {
    inputBytes: {},
    ...world({}, secrets),
  });

describe('a judge behind the API of OpenAI', () => {
  it('is asked with its options and a bound', async () => {
    expect(await scores()).toEqual([85, 85]);
    expect(server.questions[0]).toEqual({
      model: 'judge-1',
      messages: [{ role: 'user', content: 'Score red: a number only.' }],
      max_tokens: 1024,
      seed: 1,
      temperature: 0,
    });
  });

  it('needs no options', async () => {
    await run({ options: undefined });
    expect(Object.keys(server.questions[0]!)).toEqual(['model', 'messages', 'max_tokens']);
  });

  it('is bound by the name that a reasoning model takes', async () => {
    await run({ options: { max_completion_tokens: 300 } });
    expect(server.questions[0]).toMatchObject({ max_completion_tokens: 300 });
    expect(server.questions[0]).not.toHaveProperty('max_tokens');
  });

  it('is forced to give JSON, for the score alone', async () => {
    server.answer = ({ response_format }) => (response_format ? '{"score": 85}' : 'Well done.');
    expect(await run({ format: 'score' }, { rationales: 1 })).toMatchObject([
      { score: 85, rationale: 'Well done.' },
      { score: 85 },
    ]);
    expect(server.questions[0]?.response_format).toEqual({
      type: 'json_schema',
      json_schema: {
        name: 'score',
        strict: true,
        schema: {
          type: 'object',
          properties: { score: { type: 'integer', minimum: 0, maximum: 100 } },
          required: ['score'],
          additionalProperties: false,
        },
      },
    });
  });

  it('is known by its address, for it says nothing of its weights', async () => {
    expect(await judge.observe!(resolvedSettings(judge, settings()), world())).toEqual({
      server: server.url,
    });
    const usual = resolvedSettings(judge, { judge: who });
    expect(await judge.observe!(usual, world())).toEqual({ server: 'https://api.openai.com/v1' });
  });

  it('brings its key from a secret of the stage', async () => {
    server.key = 'sk-secret';
    expect(await scores({}, {}, { secrets: { OPENAI_API_KEY: 'sk-secret' } })).toEqual([85, 85]);
    expect(await scores({}, { api_key: 'MINE' }, { secrets: { MINE: 'sk-secret\n' } })).toEqual([85, 85]);
  });
});

describe('before anything starts', () => {
  it('all is well when the server has the model', async () => {
    expect(await problems()).toEqual([]);
  });

  it('a name without a tag is the latest one, as in the list of Ollama 0.17', async () => {
    const ollama = await startOpenAiServer(() => '85', ['judge-1:latest']);
    try {
      expect(await problems({}, { url: ollama.url })).toEqual([]);
    } finally {
      await ollama.close();
    }
  });

  it('a missing model is told with those that are there', async () => {
    expect(await problems({ model: 'judge-2' })).toEqual([
      { message: `The server at ${server.url} does not have the model judge-2.`, hint: 'It has judge-1.' },
    ]);
  });

  it('a missing key is told with the way to give it', async () => {
    server.key = 'sk-secret';
    const [{ message, hint }] = (await problems()) as [{ message: string; hint: string }];
    expect(message).toBe(`The server at ${server.url}, or a proxy before it, wants a login (401).`);
    expect(hint).toContain('secrets: [OPENAI_API_KEY]');
  });

  it('a wrong key is told by the name of its variable, and not shown', async () => {
    server.key = 'sk-secret';
    const found = await problems({}, {}, { OPENAI_API_KEY: 'sk-wrong' });
    expect(found[0]?.hint).toContain('The key that was sent is in OPENAI_API_KEY.');
    expect(JSON.stringify(found)).not.toContain('sk-wrong');
  });

  it('a key that no header takes is told, and not shown', async () => {
    const found = await problems({}, {}, { OPENAI_API_KEY: 'sk-one\nsk-two' });
    expect(found[0]?.message).toContain('The variable OPENAI_API_KEY holds more than a key');
    expect(JSON.stringify(found)).not.toContain('sk-one');
  });

  it('a key whose variable is not declared is told', async () => {
    expect(await problems({}, { api_key: 'MY_KEY' })).toEqual([
      expect.objectContaining({ message: expect.stringContaining('The variable MY_KEY') }),
    ]);
  });

  it('another address is told', async () => {
    const [problem] = await problems({}, { url: `${server.url}/chat` });
    expect(problem).toBeUndefined(); // some servers list no models: the first question says what is wrong
    await expect(run({}, { url: server.url.replace('/v1', '') })).rejects.toThrow('answered 404: Not Found');
  });
});

describe('a reply', () => {
  it.each([
    [
      'that was cut',
      { content: '8', finishReason: 'length' as const },
      'the reply was cut off at its greatest length',
    ],
    ['without words', { content: null }, 'the reply is empty'],
    [
      'to a question that filled the context',
      { content: '85', promptTokens: 4096 },
      "the question does not fit into the model's context of 4096 tokens (`context_tokens`)",
    ],
    [
      'that refuses a long question, as llama.cpp does',
      {
        status: 400,
        body: {
          error: {
            code: 400,
            message: 'the request exceeds the available context size',
            type: 'exceed_context_size_error',
          },
        },
      },
      "the question does not fit into the model's context of 4096 tokens (`context_tokens`)",
    ],
  ])('%s is no score', async (_, answer, reason) => {
    server.answer = () => answer;
    expect(await reasons({ context_tokens: 4096 }, { min_scored: 0 })).toEqual([reason, reason]);
  });

  it('that does not come in time is no score, and is not kept', async () => {
    const itemsDirectory = join(freshDirectory(), 'items');
    server.answer = () => ({ hang: true });
    const late = await reasons({}, { min_scored: 0, reply_timeout: 0.05 }, { itemsDirectory });
    expect(late).toEqual(Array(2).fill('the reply did not end within 0.05 s'));
    server.answer = () => '85';
    expect(await scores({}, {}, { itemsDirectory })).toEqual([85, 85]);
  });

  it('without a score is asked for again with the next seed, as often as the settings say', async () => {
    server.answer = ({ seed }) => (seed === 3 ? '85' : 'Hm.');
    expect(await scores({ ask_again: 2 })).toEqual([85, 85]);
    expect(server.questions.map(({ seed }) => seed)).toEqual([1, 2, 3, 1, 2, 3]);
    expect(await scores({ ask_again: 1 }, { min_scored: 0 })).toEqual([null, null]);
  });

  it('may be asked for several times, and the mean counts', async () => {
    server.answer = ({ seed }) => ({ 1: '80', 2: '90', 3: 'Hm.', 4: '0' })[seed as number] ?? '100';
    const [judgement] = await run({ repeats: 3 });
    expect(judgement).toEqual({
      index: 0,
      score: 85,
      reply: '80',
      replies: ['80', '90', 'Hm.'],
      scores: [80, 90],
      spread: expect.closeTo(7.0711, 4),
    });
    // The try after `Hm.` has a seed that no repetition has.
    expect(await run({ repeats: 3, ask_again: 1 })).toMatchObject([{ scores: [80, 90, 100] }, {}]);
    server.answer = () => 'Hm.';
    expect(await run({ repeats: 2, instructions: '!' }, { min_scored: 0 })).toMatchObject([
      { score: null, reason: 'the reply holds no number', replies: ['Hm.', 'Hm.'] },
      {},
    ]);
  });

  it('is asked for once by all runs that ask the same', async () => {
    const itemsDirectory = join(freshDirectory(), 'items');
    await run({}, {}, { itemsDirectory });
    await run({ label: 'Another name' }, { min_scored: 1 }, { itemsDirectory });
    expect(server.questions).toHaveLength(2);
    await run({ options: { seed: 2 } }, {}, { itemsDirectory });
    expect(server.questions).toHaveLength(4);
  });
});

describe('a server that refuses', () => {
  it.each([
    [{ status: 400, body: { error: { message: 'unknown field seed' } } }, 'answered 400: unknown field seed'],
    [{ status: 404, body: { error: { message: 'no such model' } } }, 'answered 404: no such model'],
    [{ body: [1] }, 'does not speak the API of OpenAI'],
    [{ body: { choices: [] } }, 'does not speak the API of OpenAI'],
    [
      { status: 500, body: { error: 'CUDA error: out of memory' } },
      'cannot run the model judge-1: CUDA error: out of memory',
    ],
  ])('with %j ends the stage at once', async (answer, message) => {
    server.answer = () => answer;
    await expect(run()).rejects.toThrow(message);
    expect(server.questions).toHaveLength(1);
  });
});
