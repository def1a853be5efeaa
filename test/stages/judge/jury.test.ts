import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyedSettings } from '../../../src/cache/records/keyed-settings.ts';
import { judge } from '../../../src/stages/judge/judge.ts';
import { digestOf, type OllamaServer, startOllamaServer } from '../../servers/ollama-server.ts';
import { type OpenAiServer, startOpenAiServer } from '../../servers/openai-server.ts';
import { removeDirectories, resolvedSettings, runStage, world } from '../run-stage.ts';
import { responsesFile } from './responses-file.ts';
import { scoresOf } from './scores-of.ts';

const asking = { prompt: '{{ model_response }}', instructions: '?' };
const llama = { kind: 'ollama', label: 'Llama', model: 'llama3', options: { seed: 1 }, ...asking };
const qwen = { ...llama, label: 'Qwen', model: 'qwen' };
const remote = { kind: 'openai', label: 'Remote', model: 'judge-1', ...asking };
const equal = { kind: 'reference', label: 'Equal', metric: 'exact_match' };
const jury = (...judges: object[]) => ({ kind: 'jury', label: 'Our jury', judges });

let ollama: OllamaServer;
let api: OpenAiServer;
let responses: string;
beforeEach(async () => {
  ollama = await startOllamaServer(() => '50', ['llama3:latest', 'qwen:latest']);
  api = await startOpenAiServer(() => '80');
  responses = responsesFile(['red', 'blue', 'red'], 'red');
});
afterEach(async () => {
  await ollama.close();
  await api.close();
  removeDirectories();
});

const settings = (who: object, more: object = {}) => ({
  judge: who,
  rationales: 0,
  url: ollama.url,
  ...more,
});
const run = (who: object, more: object = {}) =>
  runStage(judge, { with: settings(who, more), inputs: { responses } });
const read = (path: string | undefined) => JSON.parse(readFileSync(path!, 'utf8'));
const problems = (who: object) =>
  judge.preflight!(resolvedSettings(judge, settings(who)), { inputBytes: {}, ...world() });

describe('a jury', () => {
  it('gives each item the mean of its judges, and keeps what each of them said', async () => {
    ollama.answer = ({ model }) => (model === 'qwen' ? '70' : '50');
    const { outputs } = await run(jury(llama, qwen, equal));
    const comparison = { exact_match: 100, rouge_l: 100 };
    expect(scoresOf(outputs.scores)[0]).toEqual({
      index: 0,
      score: (50 + 70 + 100) / 3,
      judges: [
        { judge: 'Llama', score: 50, reply: '50' },
        { judge: 'Qwen', score: 70, reply: '70' },
        { judge: 'Equal', score: 100, ...comparison },
      ],
    });
  });

  it('leaves out a judge without a score, and has none itself if nobody has one', async () => {
    ollama.answer = ({ model, messages }) =>
      messages[0]!.content === 'blue?' || (model === 'qwen' && messages[0]!.content === 'red?')
        ? 'Hm.'
        : '40';
    const { outputs, events } = await run(jury(llama, qwen), { min_scored: 0 });
    expect(scoresOf(outputs.scores).map(({ score, reason }) => [score, reason])).toEqual([
      [40, undefined],
      [null, 'no judge gave a score; Llama: the reply holds no number'],
      [40, undefined],
    ]);
    expect(events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))).toEqual([
      'Llama: 1 of 3 replies gave no score, the first for item 1: the reply holds no number',
      'Qwen: 3 of 3 replies gave no score, the first for item 0: the reply holds no number',
    ]);
  });

  it('fails if one of its judges scores too little, which is no jury any more', async () => {
    ollama.answer = ({ model }) => (model === 'qwen' ? 'Hm.' : '40');
    await expect(run(jury(llama, qwen))).rejects.toThrow('Qwen: 3 of 3 replies gave no score');
  });

  it("has each judge's statistics and their agreement in the summary", async () => {
    const scores: Record<string, string> = {
      'llama3 red?': '90',
      'llama3 blue?': '10',
      'qwen red?': '90',
      'qwen blue?': '30',
    };
    ollama.answer = ({ model, messages }) => scores[`${model} ${messages[0]!.content}`]!;
    const { outputs, events } = await run(jury(llama, qwen));
    const summary = read(outputs.summary);
    expect(summary).toMatchObject({
      judge: { kind: 'jury', label: 'Our jury', language_model: true },
      items: 3,
      scored: 3,
      mean: (90 + 20 + 90) / 3,
      judges: [
        { judge: { label: 'Llama', model: 'llama3' }, mean: 190 / 3 },
        { judge: { label: 'Qwen', model: 'qwen' }, mean: 70 },
      ],
      // Ranks agree on all items, scores on two of three.
      agreement: { items: 3, spearman: 1, kendall: 1, alpha_ordinal: expect.any(Number), exact: 2 / 3 },
    });
    // By hand: disagreement within items (200 of one in three) over that of all six scores.
    const all = [90, 90, 10, 30, 90, 90];
    const mean = all.reduce((sum, score) => sum + score, 0) / 6;
    const variance = all.reduce((sum, score) => sum + (score - mean) ** 2, 0) / 5;
    const alpha = 1 - 200 / 3 / variance;
    expect(summary.agreement.alpha_interval).toBeCloseTo(alpha, 12);
    expect(events).toContainEqual({
      type: 'metric',
      name: 'agreement',
      value: summary.agreement.alpha_interval,
    });
  });

  it('asks one judge after the other, so that a server need not exchange models for every item', async () => {
    await run(jury(llama, qwen));
    // Two of the three responses are equal.
    expect(ollama.questions.map(({ model }) => model)).toEqual(['llama3', 'llama3', 'qwen', 'qwen']);
  });

  it('tells its progress over all judges', async () => {
    const { events } = await run(jury(llama, equal));
    const progress = events.flatMap((event) => (event.type === 'progress' ? [event] : []));
    expect(progress.map(({ done, total }) => `${done}/${total}`)).toEqual([
      ...['0/6', '1/6', '2/6', '3/6', '4/6', '5/6', '6/6'],
    ]);
  });

  it('reaches each judge at an address and with a key of its own', async () => {
    api.key = 'sk-1234';
    const own = { ...remote, url: api.url, api_key: 'REMOTE_KEY' };
    const { outputs } = await runStage(judge, {
      with: settings(jury(llama, own)),
      inputs: { responses },
      secrets: { REMOTE_KEY: 'sk-1234' },
    });
    expect(scoresOf(outputs.scores).map(({ score }) => score)).toEqual([65, 65, 65]);
  });

  it('observes the facts of each judge under its label', async () => {
    const observed = judge.observe!(resolvedSettings(judge, settings(jury(llama, qwen, equal))), world());
    expect(await observed).toEqual({
      Llama: { model_digest: digestOf('llama3:latest') },
      Qwen: { model_digest: digestOf('qwen:latest') },
    });
  });

  it('cannot begin with a judge that cannot, or with two of one name', async () => {
    expect(await problems(jury(llama, equal))).toEqual([]);
    expect(await problems(jury({ ...llama, model: 'missing' }, equal, equal))).toMatchObject([
      {
        message: `Ollama at ${ollama.url} does not have the model missing. It has llama3:latest, qwen:latest.`,
      },
      { message: 'Two judges of the jury are called "Equal".' },
    ]);
  });

  it('has a key that addresses do not enter, and that of a single judge stays what it was', () => {
    const keyed = (who: object) =>
      keyedSettings(judge.settings, resolvedSettings(judge, settings(who)) as never);
    expect(keyed(jury(llama, { ...remote, url: api.url, api_key: 'KEY' }))).toEqual({
      judge: jury(llama, remote),
      rationales: 0,
    });
    expect(keyed(equal)).toEqual({ judge: equal, rationales: 0 });
  });

  it('is no member of a jury, and has at least two', () => {
    const nested = () => resolvedSettings(judge, settings(jury(equal, jury(equal, llama))));
    expect(nested).toThrow('settings');
    expect(() => resolvedSettings(judge, settings(jury(equal)))).toThrow('settings.judge');
  });
});
