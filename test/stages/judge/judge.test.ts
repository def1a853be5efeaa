import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { judge } from '../../../src/stages/judge/judge.ts';
import type { Judgement } from '../../../src/text/scores.ts';
import { bookData } from '../../book-data.ts';
import { closeServer, listen } from '../../servers/listen.ts';
import { digestOf, type OllamaServer, startOllamaServer } from '../../servers/ollama-server.ts';
import { freshDirectory, removeDirectories, resolvedSettings, runStage, world } from '../run-stage.ts';
import { scoresOf } from './scores-of.ts';

const shipped = (name: string) =>
  parse(readFileSync(join(import.meta.dirname, `../../../configs/judges/${name}.yaml`), 'utf8'));
const llama3 = shipped('llama3');
const reference = shipped('reference');

const response = (instruction: string, input: string, output: string, model_response: string) => ({
  instruction,
  input,
  output,
  model_response,
});
const items = [
  response('Rewrite as a simile.', 'The car is fast.', 'The car is as fast as lightning.', 'It is a bullet.'),
  response("Name the author of 'Emma'.", '', 'Jane Austen.', 'Jane Austen.'),
  response('Opposite?', 'hot', 'cold', 'warm'),
  response('Opposite?', 'up', 'down', 'down'),
];

let server: OllamaServer;
let responses: string;

beforeEach(async () => {
  server = await startOllamaServer(() => '50');
  responses = join(freshDirectory(), 'responses.json');
  writeFileSync(responses, JSON.stringify(items, null, 4));
});
afterEach(async () => {
  await server.close();
  removeDirectories();
  vi.unstubAllEnvs();
});

const withOllama = (settings: Record<string, unknown> = {}) => ({
  with: { judge: llama3, url: server.url, ...settings },
  inputs: { responses },
});
const read = (path: string | undefined) => JSON.parse(readFileSync(path!, 'utf8'));
const isVerdict = (content: string) => !content.endsWith('Respond with the integer number only.');

describe('a language model as the judge', () => {
  it('is asked as the book asks', async () => {
    await runStage(judge, withOllama({ rationales: 1 }));
    const alpaca =
      'Below is an instruction that describes a task. ' +
      'Write a response that appropriately completes the request.\n\n### Instruction:\n';
    const question =
      `Given the input \`${alpaca}Rewrite as a simile.\n\n### Input:\nThe car is fast.\` ` +
      'and correct output `The car is as fast as lightning.`, ' +
      'score the model response `It is a bullet.` ' +
      'on a scale from 0 to 100, where 100 is the best score. ';
    expect(server.questions[0]).toEqual({
      model: 'llama3',
      messages: [{ role: 'user', content: `${question}Respond with the integer number only.` }],
      options: { seed: 123, temperature: 0, num_ctx: 2048 },
      stream: true,
    });
    expect(server.questions[1]?.messages[0]?.content).toBe(question);
    expect(server.questions[2]?.messages[0]?.content).toContain(
      `Given the input \`${alpaca}Name the author of 'Emma'.\` and correct output \`Jane Austen.\`, `,
    );
  });

  it('gives each item its score, and the first ones a verdict in free text', async () => {
    server.answer = ({ messages }, count) =>
      isVerdict(messages[0]!.content) ? 'Well done.' : `${10 * count}`;
    const { outputs } = await runStage(judge, withOllama({ rationales: 2 }));
    expect(scoresOf(outputs.scores)).toEqual([
      { index: 0, score: 0, reply: '0', rationale: 'Well done.' },
      { index: 1, score: 20, reply: '20', rationale: 'Well done.' },
      { index: 2, score: 40, reply: '40' },
      { index: 3, score: 50, reply: '50' },
    ]);
  });

  it('asks for three verdicts unless told otherwise, as the book does', async () => {
    await runStage(judge, withOllama());
    expect(server.questions.filter(({ messages }) => isVerdict(messages[0]!.content))).toHaveLength(3);
  });

  it('leaves replies that are no number without a score, and warns', async () => {
    const replies = ['85', 'I would say 85 out of 100.', ' 40\n', ''];
    server.answer = (_, count) => replies[count]!;
    const { outputs, events } = await runStage(judge, withOllama({ rationales: 0 }));
    const scores = scoresOf(outputs.scores);
    expect(scores.map(({ score, reason }) => [score, reason])).toEqual([
      [85, undefined],
      [null, 'the reply holds several numbers'],
      [40, undefined],
      [null, 'the reply is empty'],
    ]);
    expect(scores[1]?.reply).toBe('I would say 85 out of 100.');
    expect(read(outputs.summary)).toMatchObject({ items: 4, scored: 2, unscored: 2, mean: 62.5 });
    expect(events).toContainEqual({
      type: 'warning',
      message: '2 of 4 replies gave no score, the first for item 1: the reply holds several numbers',
      hint: 'They are left out of the mean; the replies are in the scores.',
      of_result: true,
    });
  });

  it('tells the mean score as a metric and while it works', async () => {
    const { events } = await runStage(judge, withOllama());
    expect(events).toContainEqual({ type: 'metric', name: 'mean_score', value: 50 });
    expect(events).toContainEqual({
      type: 'progress',
      done: 4,
      total: 4,
      unit: 'items',
      metrics: { mean_score: 50 },
    });
  });

  it('asks so many items at once, and gives the same bytes', async () => {
    const waiting: (() => void)[] = [];
    const byItem = ({ messages }: { messages: readonly { content: string }[] }) =>
      String(messages[0]!.content.length % 100);
    server.answer = byItem;
    const alone = await runStage(judge, withOllama({ rationales: 0 }));
    expect(server.mostAtOnce).toBe(1);
    // Each answer waits until four questions are open, so the run ends only if four are asked at once.
    server.answer = async (question) => {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        if (waiting.length === 4) for (const go of waiting) go();
      });
      return byItem(question);
    };
    const together = await runStage(judge, withOllama({ rationales: 0, concurrency: 4 }));
    expect(together.digests).toEqual(alone.digests);
  });

  it('observes the digest of the model, with and without a tag', async () => {
    const observe = (model: string) =>
      judge.observe?.(resolvedSettings(judge, { judge: { ...llama3, model }, url: server.url }), world());
    expect(await observe('llama3')).toEqual({ model_digest: digestOf('llama3:latest') });
    expect(await observe('llama3:latest')).toEqual({ model_digest: digestOf('llama3:latest') });
    await expect(observe('llama3:70b')).rejects.toThrow('does not have the model llama3:70b');
  });

  it('is waited for when its digest is observed around the work, and not when a run is planned', async () => {
    let asked = 0;
    const starting = createServer((_, response) => {
      const ready = asked++ > 0;
      response.writeHead(ready ? 200 : 503);
      response.end(JSON.stringify(ready ? { models: [{ name: 'llama3:latest', digest: 'd1' }] } : {}));
    });
    const settings = resolvedSettings(judge, { judge: llama3, url: await listen(starting) });
    const warnings: string[] = [];
    try {
      await expect(judge.observe?.(settings, world())).rejects.toThrow(
        /does not do its work: Ollama answered 503/,
      );
      asked = 0;
      expect(
        await judge.observe?.(settings, { ...world(), warn: (message) => warnings.push(message) }),
      ).toEqual({
        model_digest: 'd1',
      });
      expect(warnings).toEqual(['Ollama answered 503; asking again in 1 s']);
    } finally {
      await closeServer(starting);
    }
  });

  it('is found through OLLAMA_HOST', async () => {
    vi.stubEnv('OLLAMA_HOST', new URL(server.url).host);
    await runStage(judge, { with: { judge: llama3 }, inputs: { responses } });
    expect(server.questions).toHaveLength(7);
  });
});

describe('the summary', () => {
  it('shows whether longer responses score higher, with an interval', async () => {
    server.answer = ({ messages }) => (messages[0]!.content.includes('bullet') ? '90' : '10');
    const { outputs } = await runStage(judge, withOllama({ rationales: 0 }));
    // Ranks by length 4, 3, 1.5, 1.5 and by score 4, 2, 2, 2.
    const { correlation, interval_95 } = read(outputs.summary).length_bias;
    expect(correlation).toBeCloseTo(3 / Math.sqrt(4.5 * 3), 12);
    expect(interval_95[0]).toBeLessThan(correlation);
    expect(interval_95[1]).toBeLessThan(1);
  });

  it('shows how far a judge agrees with itself over repeats', async () => {
    server.answer = (_, count) => `${50 + 10 * (count % 2)}`;
    const repeating = { ...llama3, repeats: 2 };
    const { outputs } = await runStage(judge, withOllama({ judge: repeating, rationales: 0 }));
    expect(read(outputs.summary).repeat_spread).toBeCloseTo(Math.sqrt(50), 12);
    const once = await runStage(judge, withOllama({ rationales: 0 }));
    expect(read(once.outputs.summary)).not.toHaveProperty('repeat_spread');
  });
});

describe('before anything starts', () => {
  const problems = (settings: Record<string, unknown>, environment = {}) =>
    judge.preflight?.(resolvedSettings(judge, settings), {
      inputBytes: {},
      ...world(environment),
    });

  it('all is well when Ollama has the model', async () => {
    expect(await problems({ judge: llama3, url: server.url })).toEqual([]);
  });

  it('a missing model is told with the command that gets it', async () => {
    server.models.clear();
    expect(await problems({ judge: llama3, url: server.url })).toEqual([
      {
        message: `Ollama at ${server.url} does not have the model llama3.`,
        hint: 'Get it: ollama pull llama3',
      },
    ]);
  });

  it('a server that is not running is told with the command that starts it', async () => {
    await server.close();
    expect(await problems({ judge: llama3 }, { OLLAMA_HOST: server.url })).toEqual([
      {
        message: `Ollama does not answer at ${server.url}: ${new URL(server.url).host} refused the connection.`,
        hint: 'Start it (ollama serve), or check `url` and OLLAMA_HOST.',
      },
    ]);
  });

  it('the reference judge needs nothing', async () => {
    expect(await problems({ judge: reference })).toEqual([]);
  });
});

describe('when Ollama fails', () => {
  it('what it has answered is kept, and is not asked again', async () => {
    server.answer = (_, count) => (count < 2 ? '70' : { status: 400, error: 'bad option' });
    const itemsDirectory = join(freshDirectory(), 'items');
    await expect(runStage(judge, { ...withOllama({ rationales: 0 }), itemsDirectory })).rejects.toThrow(
      `Ollama at ${server.url} answered 400: bad option.`,
    );
    const asked = server.questions.length;

    server.answer = () => '30';
    const run = await runStage(judge, {
      ...withOllama({ rationales: 0 }),
      itemsDirectory,
    });
    expect(server.questions.length - asked).toBe(2);
    expect(read(run.outputs.scores).map(({ score }: Judgement) => score)).toEqual([70, 70, 30, 30]);
  });

  it('what another model said is never taken over', async () => {
    server.answer = () => '90';
    const itemsDirectory = join(freshDirectory(), 'items');
    await runStage(judge, { ...withOllama({ rationales: 0 }), itemsDirectory });
    server.models.set('llama3:latest', digestOf('another'));
    server.answer = () => '50';
    const run = await runStage(judge, {
      ...withOllama({ rationales: 0 }),
      itemsDirectory,
    });
    expect(read(run.outputs.scores)[0].score).toBe(50);
  });

  it('cancelling ends the stage with the reason', async () => {
    const cancel = new AbortController();
    server.answer = (_, count) => {
      if (count === 2) cancel.abort(new Error('cancelled'));
      return '50';
    };
    const run = runStage(judge, { ...withOllama({ rationales: 0, concurrency: 2 }), signal: cancel.signal });
    await expect(run).rejects.toThrow('cancelled');
  });
});

describe('comparison with the expected output', () => {
  const compare = (metric: string) =>
    runStage(judge, { with: { judge: { ...reference, metric } }, inputs: { responses } });

  it('scores by ROUGE-L or by equality, as the metric says', async () => {
    const rouge = read((await compare('rouge_l')).outputs.scores);
    expect(rouge.map(({ score }: Judgement) => score)).toEqual([expect.closeTo(18.18, 2), 100, 0, 100]);
    const equal = read((await compare('exact_match')).outputs.scores);
    expect(equal.map(({ score }: Judgement) => score)).toEqual([0, 100, 0, 100]);
  });

  it('says in the summary that no language model judged', async () => {
    const { outputs } = await compare('exact_match');
    expect(read(outputs.summary)).toEqual({
      judge: {
        kind: 'reference',
        label: "Comparison with the expected output (not an LLM's judgement)",
        language_model: false,
        metric: 'exact_match',
      },
      items: 4,
      scored: 4,
      unscored: 0,
      mean: 50,
      standard_deviation: expect.closeTo(57.735, 3),
      // Of Clopper and Pearson: 6.8 to 93.2 for 2 of 4.
      interval_95: [expect.closeTo(6.8, 0), expect.closeTo(93.2, 0)],
      // Ranks by length 4, 3, 1.5, 1.5 and by score 1.5, 3.5, 1.5, 3.5.
      length_bias: {
        correlation: expect.closeTo(-1 / Math.sqrt(18), 12),
        interval_95: [expect.closeTo(-0.977, 3), expect.closeTo(0.941, 3)],
      },
    });
  });

  it('asks no server and observes nothing', async () => {
    await compare('rouge_l');
    expect(server.questions).toHaveLength(0);
    const settings = resolvedSettings(judge, { judge: reference });
    expect(await judge.observe?.(settings, world())).toEqual({});
  });

  it('gives the same bytes twice', async () => {
    expect((await compare('rouge_l')).digests).toEqual((await compare('rouge_l')).digests);
  });

  it.skipIf(bookData === undefined)("compares the book's 110 responses", async () => {
    const book = join(bookData ?? '', 'instruction-data-with-response.json');
    const { outputs } = await runStage(judge, { with: { judge: reference }, inputs: { responses: book } });
    const summary = read(outputs.summary);
    expect(summary).toMatchObject({ items: 110, scored: 110 });
    expect(summary.mean).toBeGreaterThan(50);
    expect(summary.mean).toBeLessThan(65);
  });
});

describe('the shipped judges', () => {
  it.each(['llama3', 'reference'])('%s fits the schema', (name) => {
    expect(Value.Errors(judge.settings.properties.judge, shipped(name))).toEqual([]);
  });
});

describe('responses that are none', () => {
  it.each([
    ['{}', 'Item 0 of the input `responses` has no text "instruction".'],
    ['{"data": [], "n": 0}', 'Item 0 of the input `responses` has no text "instruction".'],
    ['', 'The input `responses` holds no items.'],
    ['[]', 'The input `responses` holds no items.'],
    ['[7]', 'Item 0 of the input `responses` is not an object.'],
    [
      '[{"instruction":"a","input":"","output":"b"}]',
      'Item 0 of the input `responses` has no text "model_response".',
    ],
    ['# A page\n\nof text', 'Item 0 of the input `responses` has no text "instruction".'],
  ])('%s', async (content, message) => {
    writeFileSync(responses, content);
    await expect(runStage(judge, { with: { judge: reference }, inputs: { responses } })).rejects.toThrow(
      message,
    );
  });
});

describe('responses as people have them', () => {
  const item = { instruction: 'Opposite?', output: 'cold', model_response: 'cold' };
  const scoresOf = async (content: string | Uint8Array) => {
    writeFileSync(responses, content);
    const run = await runStage(judge, { with: { judge: reference }, inputs: { responses } });
    return read(run.outputs.scores).map(({ score }: Judgement) => score);
  };

  it.each([
    ['with a byte order mark', `\uFEFF${JSON.stringify([item])}`, 1],
    ['as JSON Lines', `${JSON.stringify(item)}\n\n${JSON.stringify(item)}\n`, 2],
    ['as one line', JSON.stringify(item), 1],
    ['with an input that is null', JSON.stringify([{ ...item, input: null }]), 1],
    ['over several lines', JSON.stringify([item, item], null, 2), 2],
  ])('are read %s', async (_, content, count) => {
    expect(await scoresOf(content)).toEqual(Array(count).fill(100));
  });

  it('in another encoding are refused, for their letters would be lost', async () => {
    const bytes = Buffer.from(JSON.stringify([{ ...item, output: 'Café' }]), 'latin1');
    await expect(scoresOf(bytes)).rejects.toMatchObject({
      message: expect.stringMatching(
        /^The input `responses` is not text in UTF-8: line 1 has the byte 0xE9 /,
      ),
      hint: expect.stringContaining('iconv -f WINDOWS-1252'),
    });
  });

  it('that are empty are counted in a warning', async () => {
    const silent = { ...item, output: '', model_response: '' };
    writeFileSync(responses, JSON.stringify([silent, item]));
    const { events } = await runStage(judge, { with: { judge: reference }, inputs: { responses } });
    expect(events).toContainEqual(expect.objectContaining({ message: '1 of 2 responses is empty' }));
  });
});

describe('too few scores', () => {
  it('fail the stage, with the reason and the first reply', async () => {
    server.answer = (_, count) => (count < 1 ? '85' : 'Good, but\nnot perfect.');
    await expect(runStage(judge, withOllama({ rationales: 0 }))).rejects.toMatchObject({
      name: 'StageError',
      message:
        '3 of 4 replies gave no score, the first for item 1: the reply holds no number: "Good, but not perfect.".',
      hint: expect.stringContaining('At least 50 % must have one (`min_scored`)'),
    });
  });

  it('are as many as the pipeline says', async () => {
    server.answer = (_, count) => (count < 1 ? '85' : 'Good.');
    const { outputs } = await runStage(judge, withOllama({ rationales: 0, min_scored: 0.25 }));
    expect(read(outputs.summary)).toMatchObject({ scored: 1, unscored: 3, mean: 85 });
  });
});

describe('an item of the scores', () => {
  it('names its question, by which two judgements are compared', async () => {
    const again = response('Opposite?', 'up', 'down', 'left');
    writeFileSync(responses, JSON.stringify([...items, again]));
    const { outputs } = await runStage(judge, { with: { judge: reference }, inputs: { responses } });
    const questions = read(outputs.scores).map(({ question }: Judgement) => question);
    for (const question of questions) expect(question).toMatch(/^[0-9a-f]{64}$/);
    expect(questions[4]).toBe(questions[3]);
    expect(new Set(questions).size).toBe(4);
  });
});
