import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StageContext } from '../../../../src/contract/stage-context.ts';
import { ItemMemory } from '../../../../src/files/item-memory.ts';
import { Secrets } from '../../../../src/stage-process/secrets.ts';
import { judgeResponses } from '../../../../src/stages/judge/judge-responses.ts';
import { JudgingProgress } from '../../../../src/stages/judge/judging-progress.ts';
import { ollamaJudge } from '../../../../src/stages/judge/ollama/ollama-judge.ts';
import type { SettingsOf } from '../../../../src/stages/judge/settings.ts';
import type { RetryPolicy } from '../../../../src/stages/network/retry.ts';
import { digestOf, type OllamaServer, startOllamaServer } from '../../../servers/ollama-server.ts';
import { freshDirectory, removeDirectories, world } from '../../run-stage.ts';

const judge = {
  kind: 'ollama' as const,
  label: 'test',
  model: 'llama3',
  prompt: '{{ instruction }} -> {{ model_response }}? ',
  instructions: 'A number only.',
  options: { seed: 123 },
};
const responses = Array.from({ length: 5 }, (_, index) => ({
  instruction: `Question ${index}`,
  input: '',
  output: 'yes',
  model_response: 'yes',
}));

let server: OllamaServer;
let warnings: string[];
let items: string;
let memory: ItemMemory;

beforeEach(async () => {
  items = join(freshDirectory(), 'items');
  memory = new ItemMemory(items);
  warnings = [];
  server = await startOllamaServer(() => '50');
});
afterEach(async () => {
  await server.close();
  removeDirectories();
});

type Settings = SettingsOf<'ollama'>;

function context(settings: Partial<Settings> = {}): StageContext<Settings> {
  return {
    settings: {
      judge,
      rationales: 0,
      min_scored: 0.5,
      url: server.url,
      concurrency: 1,
      reply_timeout: 10,
      ...settings,
    },
    inputs: {},
    collections: {},
    outputs: {},
    workDirectory: freshDirectory(),
    scratchDirectory: freshDirectory(),
    earlierWorkDirectories: [],
    ...world(),
    memo: async (key, compute) => (await memory.answer(key, compute, () => {})) as never,
    progress: () => undefined,
    log: () => undefined,
    sample: () => undefined,
    warn: (message) => warnings.push(message),
    warnOfResult: () => undefined,
    metric: () => undefined,
    fact: () => undefined,
    secretFilter: () => new Secrets([], {}).filter(),
  };
}

const progress = () => new JudgingProgress(1, () => {});
const judgeAll = (work = context(), retryPolicy?: RetryPolicy) =>
  judgeResponses(ollamaJudge(work.settings, retryPolicy), responses, work, progress());

describe('while Ollama fails for a moment', () => {
  it('each item is asked again until it has its answer', async () => {
    const faults = [
      { status: 503 },
      { content: '5', error: 'out of memory' },
      { content: '5', fault: 'drop' as const },
    ];
    server.answer = (_, count) => (count % 2 === 0 ? (faults[count / 2] ?? '50') : '50');
    const judgements = await judgeAll(context(), { retries: 3, delayMs: 1 });
    expect(judgements.map(({ score }) => score)).toEqual([50, 50, 50, 50, 50]);
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toBe('Ollama answered 503: an error; asking again in 0.001 s');
  });

  it('gives up after the last retry, and begins no further item', async () => {
    server.answer = ({ messages }) =>
      messages[0]!.content.startsWith('Question 1') ? { status: 503 } : '50';
    const judged = judgeAll(context({ concurrency: 2 }), { retries: 2, delayMs: 1 });
    await expect(judged).rejects.toMatchObject({
      name: 'StageError',
      message: `Ollama at ${server.url} does not do its work: Ollama answered 503: an error.`,
      hint: 'Look into the log of Ollama.',
    });
    expect(
      server.questions.filter(({ messages }) => messages[0]!.content.startsWith('Question 1')),
    ).toHaveLength(3);
  });
});

describe('a model that is replaced while it judges', () => {
  it('ends the stage, and what came after is not kept', async () => {
    server.answer = (_, count) => {
      if (count === 2) server.models.set('llama3:latest', digestOf('another'));
      return '50';
    };
    const first = context();
    await expect(judgeAll(first, { retries: 0, delayMs: 1 })).rejects.toThrow(
      'The model llama3 was replaced by another one while it judged.',
    );
    const kept = readdirSync(items, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.json'),
    );
    expect(kept).toHaveLength(2);
  });
});

describe('a prompt that is not Jinja', () => {
  it.each([
    ['{% if %}', 'is not valid Jinja'],
    ['{{ nothing() }}', 'names `nothing`'],
    ['{% for i in range(1000000000) %}x{% endfor %}', 'asks for too much'],
  ])('%s is an error before anything is asked', async (prompt, words) => {
    const judged = judgeAll(context({ judge: { ...judge, prompt } }));
    await expect(judged).rejects.toMatchObject({
      name: 'StageError',
      message: expect.stringContaining(`The judge's \`prompt\` ${words}`),
    });
    expect(server.questions).toHaveLength(0);
  });
});

describe('what the settings say', () => {
  const one = [responses[0]!];
  const asked = async (settings: Partial<Settings['judge']>, rationales = 0) => {
    const work = context({ judge: { ...judge, ...settings }, rationales });
    const judgements = await judgeResponses(ollamaJudge(work.settings), one, work, progress());
    return { judgements, questions: server.questions };
  };

  it('is sent as the server takes it', async () => {
    const { questions } = await asked({
      think: false,
      keep_alive: '10m',
      max_tokens: 40,
      options: { seed: 1, stop: ['\n'] },
    });
    expect(questions[0]).toMatchObject({
      think: false,
      keep_alive: '10m',
      options: { seed: 1, stop: ['\n'], num_predict: 40 },
    });
  });

  it('forces a score to be JSON, and leaves verdicts free', async () => {
    server.answer = ({ format }) => (format ? '{"score": 85}' : 'Well done.');
    const { judgements, questions } = await asked({ format: 'score' }, 1);
    expect(judgements).toEqual([{ index: 0, score: 85, reply: '{"score": 85}', rationale: 'Well done.' }]);
    expect(questions.map(({ format }) => format)).toEqual([
      {
        type: 'object',
        properties: { score: { type: 'integer', minimum: 0, maximum: 100 } },
        required: ['score'],
        additionalProperties: false,
      },
      undefined,
    ]);
  });

  it.each(['json', { type: 'object', properties: { score: { type: 'integer' } } }] as const)(
    'may be another format: %j',
    async (format) => {
      server.answer = () => '{"score": 7}';
      const { judgements, questions } = await asked({ format });
      expect(questions[0]?.format).toEqual(format);
      expect(judgements[0]?.score).toBe(7);
    },
  );

  it('lets a question that gave no score be asked again with the next seed', async () => {
    server.answer = ({ options }) => (options?.seed === 2 ? '60' : 'Hm.');
    const { judgements } = await asked({ options: { seed: 1 }, ask_again: 1 });
    expect(judgements[0]?.score).toBe(60);
  });
});

describe('a question that does not fit', () => {
  const reason = "the question does not fit into the model's context of 2048 tokens (`options.num_ctx`)";
  const judged = async (text: string) => {
    const work = context({ judge: { ...judge, options: { num_ctx: 2048 }, ask_again: 3 }, rationales: 1 });
    const long = { ...responses[0]!, model_response: text };
    return (await judgeResponses(ollamaJudge(work.settings), [long], work, progress()))[0];
  };

  it('has no score if the server says that it filled the context, as Ollama 0.17 counts one that it has cut', async () => {
    server.answer = () => ({ content: '85', promptTokens: 2048 });
    expect(await judged('short')).toMatchObject({ score: null, reason, reply: '85' });
    expect(server.questions).toHaveLength(2); // the score and the verdict: asking again would help nothing
  });

  it('is not even asked if no encoding makes it short enough', async () => {
    expect(await judged('x'.repeat(29_000))).toEqual({ index: 0, score: null, reason });
    expect(server.questions).toHaveLength(0);
  });
});

describe('a reply that is not kept', () => {
  it('is one that did not end in time: another machine may be faster', async () => {
    server.answer = () => ({ content: 'Well', fault: 'stall' });
    const late = await judgeAll(context({ reply_timeout: 0.05 }));
    expect(late[0]).toEqual({
      index: 0,
      score: null,
      reason: 'the reply did not end within 0.05 s',
      reply: 'Well',
    });
    server.answer = () => '50';
    expect((await judgeAll()).map(({ score }) => score)).toEqual([50, 50, 50, 50, 50]);
  });

  it('is none of those that cannot be read: they are a result', async () => {
    server.answer = () => 'Fine!';
    const first = await judgeAll();
    server.answer = () => '50';
    expect(await judgeAll()).toEqual(first);
    expect(server.questions).toHaveLength(5);
  });
});
