import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { generate } from '../../../src/stages/generate/generate.ts';
import { pretrained } from '../../../src/stages/pretrained/pretrained.ts';
import { freshDirectory, removeDirectories, runStage, type StageRunEvent } from '../run-stage.ts';

afterEach(removeDirectories);

const STYLE = { prompt: '{{ instruction }}', response: '\n=> {{ output }}', header: '=>', stop: [] };
const MODEL = {
  n_layer: 1,
  n_head: 2,
  n_embd: 16,
  n_positions: 32,
  vocab_size: 257,
  layer_norm_epsilon: 1e-5,
  eos_token_id: 256,
};
const INSTRUCTIONS = [
  'Add 2 and 2.',
  'Name a colour',
  'Ö?',
  'A longer one than the model can see whole',
  'Go',
];

async function randomModel(model: Record<string, unknown> = MODEL): Promise<string> {
  return (await runStage(pretrained, { with: { source: 'random', model, seed: 7 } })).outputs.model!;
}

function recordsOf(lines: readonly object[]): string {
  const path = join(freshDirectory(), 'records.jsonl');
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}

function records(): string {
  const path = join(freshDirectory(), 'records.jsonl');
  const lines = INSTRUCTIONS.map((instruction, id) =>
    JSON.stringify({
      id,
      instruction,
      input: id === 1 ? 'warm' : '',
      output: 'x',
      prompt: instruction,
      response: '\n=> x',
    }),
  );
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

const settings = { prompt: STYLE, max_new_tokens: 6, batch_size: 2 };

describe('the generate stage', () => {
  it("writes the book's array, one element a record, in the order of the records", async () => {
    const run = await runStage(generate, {
      with: settings,
      inputs: { records: records(), model: await randomModel() },
      engine: 'cpu',
    });
    const text = readFileSync(run.outputs.responses!, 'utf8');
    const responses = JSON.parse(text) as Record<string, string>[];
    expect(responses.map(({ instruction }) => instruction)).toEqual(INSTRUCTIONS);
    expect(Object.keys(responses[0]!)).toEqual(['instruction', 'input', 'output', 'model_response']);
    expect(responses[1]).toMatchObject({ input: 'warm', output: 'x' });
    expect(text).toBe(JSON.stringify(responses, null, 4));
    expect(run.events).toContainEqual({ type: 'progress', done: 5, total: 5, unit: 'replies' });
    expect(run.events).toContainEqual({
      type: 'metric',
      name: 'tokens_per_second',
      value: expect.any(Number),
    });
  });

  it('replies to prompts without outputs, and passes on what else a record has', async () => {
    const history = [{ role: 'user', content: 'Hi' }];
    const record = { id: 0, instruction: 'Go', input: '', prompt: 'Go', history, category: 'a' };
    const run = await runStage(generate, {
      with: settings,
      inputs: { records: recordsOf([record]), model: await randomModel() },
      engine: 'cpu',
    });
    expect(JSON.parse(readFileSync(run.outputs.responses!, 'utf8'))).toEqual([
      { instruction: 'Go', input: '', model_response: expect.any(String), history, category: 'a' },
    ]);
  });

  it('gives the same bytes on another run and on another engine', async () => {
    const inputs = { records: records(), model: await randomModel() };
    const runs = [];
    for (const engine of ['cpu', 'cpu', 'wasm'] as const)
      runs.push(await runStage(generate, { with: settings, inputs, engine }));
    expect(new Set(runs.map(({ digests }) => digests.responses)).size).toBe(1);
  });

  it('says that a prompt is longer than the model can see', async () => {
    const inputs = { records: records(), model: await randomModel() };
    const { events } = await runStage(generate, { with: settings, inputs, engine: 'cpu' });
    const message = "Prompts with more than the model's 32 tokens: 1. It sees their ends.";
    expect(events).toContainEqual({ type: 'warning', message, of_result: true });
  });

  it('goes on after its last whole batch when it was cancelled, to the same bytes', async () => {
    const inputs = { records: records(), model: await randomModel() };
    const undisturbed = await runStage(generate, { with: settings, inputs, engine: 'cpu' });

    const directory = freshDirectory();
    const controller = new AbortController();
    const cancelled = runStage(generate, {
      with: settings,
      inputs,
      engine: 'cpu',
      directory,
      signal: controller.signal,
      onEvent: (event) => {
        if (isReplies(event) && event.done === 2) controller.abort(new Error('cancelled'));
      },
    });
    await expect(cancelled).rejects.toThrow('cancelled');
    const earlier = join(freshDirectory(), 'work');
    renameSync(join(directory, 'work'), earlier);
    // A crash cut the last line short.
    writeFileSync(join(earlier, 'finished.ndjson'), '{"item":{"index":3,"te', { flag: 'a' });

    const resumed = await runStage(generate, {
      with: settings,
      inputs,
      engine: 'cpu',
      earlierWorkDirectories: [earlier],
    });
    expect(resumed.events.filter(isReplies).map(({ done }) => done)).toEqual([4, 5]);
    expect(resumed.digests).toEqual(undisturbed.digests);
  });

  it('ends a reply at a stop text, which changes nothing but the time', async () => {
    const inputs = { records: records(), model: await randomModel() };
    const long = { ...settings, max_new_tokens: 20 };
    const whole = await runStage(generate, { with: long, inputs, engine: 'cpu' });
    const replies = (run: typeof whole) =>
      (JSON.parse(readFileSync(run.outputs.responses!, 'utf8')) as { model_response: string }[]).map(
        ({ model_response }) => model_response,
      );
    const stop = replies(whole).join('').match(/[a-z]/)![0];
    const stopped = await runStage(generate, {
      with: { ...long, prompt: { ...STYLE, stop: [stop] } },
      inputs,
      engine: 'cpu',
    });
    expect(replies(stopped)).toEqual(replies(whole).map((reply) => reply.split(stop)[0]!.trim()));
    const kept = readFileSync(join(stopped.workDirectory, 'finished.ndjson'), 'utf8');
    const lengths = kept
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { item: { text: string } }).item.text)
      .filter((text) => text.includes(stop))
      .map((text) => text.length - text.indexOf(stop));
    expect(lengths.length).toBeGreaterThan(0);
    expect(Math.max(...lengths)).toBe(stop.length);
  });

  it('draws the same replies for one seed in batches of any size, and others for another', async () => {
    const inputs = { records: records(), model: await randomModel() };
    const sampled = (more: Record<string, unknown>) =>
      runStage(generate, { with: { ...settings, strategy: 'sample', ...more }, inputs, engine: 'cpu' });
    const runs = [];
    for (const batch_size of [1, 2, 5]) runs.push(await sampled({ batch_size, seed: 4 }));
    expect(new Set(runs.map(({ digests }) => digests.responses)).size).toBe(1);
    const other = await sampled({ seed: 5 });
    expect(other.digests).not.toEqual(runs[0]!.digests);
    const likeliest = await sampled({ top_k: 1, temperature: 3 });
    expect(likeliest.digests).toEqual(
      (await runStage(generate, { with: settings, inputs, engine: 'cpu' })).digests,
    );
  });

  describe('with samples', () => {
    const sampled = async (more: Record<string, unknown>, inputs: Record<string, string>) => {
      const { outputs } = await runStage(generate, {
        with: { ...settings, strategy: 'sample', temperature: 2, ...more },
        inputs,
        engine: 'cpu',
      });
      return JSON.parse(readFileSync(outputs.responses!, 'utf8')) as Record<string, unknown>[];
    };

    it('writes each reply with its number; the first is the one that a single reply would be', async () => {
      const inputs = { records: records(), model: await randomModel() };
      const three = await sampled({ samples: 3 }, inputs);
      expect(three.map(({ instruction, sample }) => [instruction, sample])).toEqual(
        INSTRUCTIONS.flatMap((instruction) => [0, 1, 2].map((sample) => [instruction, sample])),
      );
      const firsts = three.filter(({ sample }) => sample === 0).map(({ sample: _, ...first }) => first);
      expect(firsts).toEqual(await sampled({}, inputs));
      expect(three.filter(({ sample }) => Number(sample) < 2)).toEqual(
        await sampled({ samples: 2, batch_size: 3 }, inputs),
      );
      const ofFirst = three.slice(0, 3).map(({ model_response }) => model_response);
      expect(new Set(ofFirst).size).toBe(3);
    });
  });

  it.each([
    { strategy: 'greedy', repetition_penalty: 1.5, no_repeat_ngram_size: 1 },
    { strategy: 'sample', no_repeat_ngram_size: 1, temperature: 0.1 },
  ])('repeats no token under %o', async (more) => {
    const inputs = { records: records(), model: await randomModel() };
    const { outputs } = await runStage(generate, { with: { ...settings, ...more }, inputs, engine: 'cpu' });
    const plain = await runStage(generate, { with: settings, inputs, engine: 'cpu' });
    const replies = (path: string) =>
      (JSON.parse(readFileSync(path, 'utf8')) as { model_response: string }[]).map(
        ({ model_response }) => model_response,
      );
    const repeats = (reply: string) => new Set(reply).size < [...reply].length;
    expect(replies(plain.outputs.responses!).some(repeats)).toBe(true);
    expect(replies(outputs.responses!).some((reply) => repeats(reply.replaceAll('\ufffd', '')))).toBe(false);
  });

  it('says how many replies are empty, as part of the result', async () => {
    const inputs = { records: records(), model: await randomModel() };
    const stop = {
      ...STYLE,
      header: '',
      stop: Array.from({ length: 128 }, (_, i) => String.fromCharCode(i)).concat('\ufffd'),
    };
    const { events } = await runStage(generate, {
      with: { ...settings, prompt: stop },
      inputs,
      engine: 'cpu',
    });
    expect(events).toContainEqual({
      type: 'warning',
      message: 'all 5 replies are empty',
      hint: expect.stringContaining('Was the model trained on empty outputs'),
      of_result: true,
    });
    const [reply] = await (async () => {
      const { outputs } = await runStage(generate, { with: settings, inputs, engine: 'cpu' });
      return JSON.parse(readFileSync(outputs.responses!, 'utf8')) as { model_response: string }[];
    })();
    const one = { ...STYLE, stop: [reply!.model_response] };
    const some = await runStage(generate, { with: { ...settings, prompt: one }, inputs, engine: 'cpu' });
    expect(some.events).toContainEqual(
      expect.objectContaining({
        message: expect.stringMatching(/^\d of 5 replies (is|are) empty \(\d+ %\)$/),
      }),
    );
  });

  it('refuses a large model on a slow engine that nobody asked for', async () => {
    const directory = freshDirectory();
    mkdirSync(join(directory, 'model'));
    const large = {
      ...MODEL,
      model_type: 'gpt2',
      n_layer: 12,
      n_embd: 768,
      n_head: 12,
      vocab_size: 50257,
      eos_token_id: 50256,
    };
    writeFileSync(join(directory, 'model', 'config.json'), JSON.stringify(large));
    const run = runStage(generate, {
      with: settings,
      inputs: { records: records(), model: join(directory, 'model') },
      engine: 'wasm',
    });
    await expect(run).rejects.toMatchObject({
      message:
        'The engine wasm, the best that works here, is too slow for a model of 124 million parameters.',
      hint: expect.stringContaining('npm install @tensorflow/tfjs-node'),
    });
  });
});

/** The progress at the end of a batch; within a slow one there are rates besides. */
function isReplies(event: StageRunEvent): event is Extract<StageRunEvent, { type: 'progress' }> {
  return event.type === 'progress' && event.unit === 'replies' && event.metrics === undefined;
}
