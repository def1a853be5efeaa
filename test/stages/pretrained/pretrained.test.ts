import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parameterCount } from '../../../src/model/families/families.ts';
import { TOKENIZER_FILES, writeModelFolder } from '../../../src/model/files/model-folder.ts';
import { configOf } from '../../../src/model/files/model-piece.ts';
import { SafetensorsFile, writeSafetensors } from '../../../src/model/files/safetensors.ts';
import { OTHER_TOKENIZERS } from '../../../src/model/files/tokenizer/model-tokenizer.ts';
import { randomWeights } from '../../../src/model/network/random-weights.ts';
import { pretrained } from '../../../src/stages/pretrained/pretrained.ts';
import { bringOpenAi } from '../../../src/stages/pretrained/published-files.ts';
import { completePiece } from '../../../src/stages/pretrained/settings.ts';
import { writeOpenAiCheckpoint } from '../../fixtures/openai-checkpoint.ts';
import { type FileServer, startFileServer } from '../../servers/file-server.ts';
import { freshDirectory, removeDirectories, resolvedSettings, runStage, world } from '../run-stage.ts';

const MODEL = {
  n_layer: 2,
  n_head: 2,
  n_embd: 8,
  n_positions: 16,
  vocab_size: 257,
  layer_norm_epsilon: 1e-5,
  eos_token_id: 256,
};
const SEED = 5;
/** Asked for in a Hugging Face repository before its weights. */
const DESCRIPTION = [...TOKENIZER_FILES, 'generation_config.json', ...OTHER_TOKENIZERS];
/** In the order in which they are fetched. */
const OPENAI_FILES = ['hparams.json', 'checkpoint', 'model.ckpt.index', 'model.ckpt.data-00000-of-00001'];

let server: FileServer;
let published: string;
beforeEach(async () => {
  published = freshDirectory();
  server = await startFileServer(published);
});
afterEach(async () => {
  await server.close();
  removeDirectories();
});

const digestOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
const weightsDigest = (folder: string) => digestOf(join(folder, 'model.safetensors'));

describe('pretrained from random weights', () => {
  it('writes a whole model folder, the same for the same seed', async () => {
    const run = () => runStage(pretrained, { with: { source: 'random', model: MODEL, seed: SEED } });
    const [first, second] = [await run(), await run()];
    expect(readdirSync(first.outputs.model!).sort()).toEqual([
      'config.json',
      'generation_config.json',
      'merges.txt',
      'model.safetensors',
      'tokenizer_config.json',
      'vocab.json',
    ]);
    expect(first.digests).toEqual(second.digests);
    const other = await runStage(pretrained, { with: { source: 'random', model: MODEL, seed: SEED + 1 } });
    expect(weightsDigest(other.outputs.model!)).not.toBe(weightsDigest(first.outputs.model!));
    expect(first.events).toContainEqual({ type: 'fact', name: 'parameters', value: 6000 });
  });
});

describe("pretrained from OpenAI's checkpoint", () => {
  const settings = () => ({ source: 'openai', model: MODEL, url: `${server.url}/` });

  it.each([true, false])('downloads and converts it (head tied: %s)', async (tie_word_embeddings) => {
    await writeOpenAiCheckpoint(published, MODEL, SEED);
    const run = await runStage(pretrained, { with: { ...settings(), tie_word_embeddings } });
    const random = await runStage(pretrained, {
      with: { source: 'random', model: MODEL, seed: SEED, tie_word_embeddings },
    });
    expect(run.digests).toEqual(random.digests);
    expect(server.requests.map(({ path }) => path)).toEqual(OPENAI_FILES);
  });

  it('takes checkpoints of several data files, by the name that `checkpoint` gives', async () => {
    const shape = { n_layer: 1, n_head: 2, n_embd: 4, n_positions: 8, vocab_size: 19 };
    cpSync(fileURLToPath(new URL('../../golden/tensorflow-checkpoint-sharded', import.meta.url)), published, {
      recursive: true,
    });
    const found: string[] = [];
    const bring = async (name: string) => {
      found.push(name);
      return existsSync(join(published, name)) ? join(published, name) : undefined;
    };
    await bringOpenAi(bring, configOf({ ...MODEL, ...shape }, true));
    expect(found.slice(2)).toEqual([
      'model.ckpt.index',
      'model.ckpt.data-00000-of-00002',
      'model.ckpt.data-00001-of-00002',
    ]);
    rmSync(join(published, 'model.ckpt.data-00001-of-00002'));
    await expect(bringOpenAi(bring, configOf({ ...MODEL, ...shape }, true))).rejects.toThrow(
      'There is no file model.ckpt.data-00001-of-00002.',
    );
  });

  it('names a tensor that no GPT-2 of this shape has', async () => {
    await writeOpenAiCheckpoint(published, { ...MODEL, n_layer: 3 }, SEED);
    const hparams = join(published, 'hparams.json');
    writeFileSync(hparams, readFileSync(hparams, 'utf8').replace('"n_layer":3', '"n_layer":2'));
    await expect(runStage(pretrained, { with: settings() })).rejects.toThrow(
      /tensor model\/h2\/\S+ \[1?,?\d.*\] of the checkpoint is not part of a GPT-2 of 2 layers/,
    );
  });

  it('takes files that are here already', async () => {
    const folder = freshDirectory();
    await writeOpenAiCheckpoint(folder, MODEL, SEED);
    const { url: _, ...offline } = settings();
    const run = await runStage(pretrained, { with: offline, inputs: { folder } });
    expect(existsSync(join(run.outputs.model!, 'model.safetensors'))).toBe(true);
    expect(server.requests).toEqual([]);
  });

  it('compares its shape before it downloads the weights', async () => {
    await writeOpenAiCheckpoint(published, { ...MODEL, n_layer: 3, n_head: 4 }, SEED);
    await expect(runStage(pretrained, { with: settings() })).rejects.toThrow(
      "hparams.json: n_head is 4, the model's n_head is 2; n_layer is 3, the model's n_layer is 2",
    );
    expect(server.requests.map(({ path }) => path)).toEqual(['hparams.json']);
  });

  it('names the tensor and both shapes where the weights are of another model', async () => {
    await writeOpenAiCheckpoint(published, { ...MODEL, n_positions: 32 }, SEED);
    const hparams = join(published, 'hparams.json');
    writeFileSync(hparams, readFileSync(hparams, 'utf8').replace('"n_ctx":32', '"n_ctx":16'));
    await expect(runStage(pretrained, { with: settings() })).rejects.toThrow(
      'tensor model/wpe of the checkpoint is [32,8], the model needs [16,8]',
    );
  });

  it('goes on with the files that an earlier attempt had', async () => {
    await writeOpenAiCheckpoint(published, MODEL, SEED);
    const directory = freshDirectory();
    const controller = new AbortController();
    const cancelled = runStage(pretrained, {
      with: settings(),
      directory,
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'log' && event.message.startsWith('model.ckpt.index'))
          controller.abort(new Error('cancelled'));
      },
    });
    await expect(cancelled).rejects.toThrow();
    const earlier = join(freshDirectory(), 'work');
    renameSync(join(directory, 'work'), earlier);
    const before = server.requests.length;
    await runStage(pretrained, { with: settings(), earlierWorkDirectories: [earlier] });
    expect(server.requests.slice(before).map(({ path }) => path)).toEqual(['model.ckpt.data-00000-of-00001']);
  });

  it('checks every file against its pin', async () => {
    await writeOpenAiCheckpoint(published, MODEL, SEED);
    const sha256 = Object.fromEntries(OPENAI_FILES.map((name) => [name, digestOf(join(published, name))]));
    await runStage(pretrained, { with: { ...settings(), sha256 } });
    const wrong = { ...sha256, 'model.ckpt.index': '0'.repeat(64) };
    await expect(runStage(pretrained, { with: { ...settings(), sha256: wrong } })).rejects.toThrow(
      'another digest than its pin',
    );
  });
});

describe('pretrained from a Hugging Face folder', () => {
  const settings = { source: 'huggingface', model: MODEL };
  const TIED = configOf(MODEL, true);

  it('gives a tied head a matrix of its own, and says so', async () => {
    await writeModelFolder(published, TIED, randomWeights(TIED, SEED));
    const run = await runStage(pretrained, { with: { ...settings, url: server.url } });
    const file = await SafetensorsFile.open(join(run.outputs.model!, 'model.safetensors'));
    expect(await file.readFloats('lm_head.weight')).toEqual(await file.readFloats('transformer.wte.weight'));
    await file.close();
    expect(server.requests.map(({ path }) => path)).toEqual([
      'config.json',
      ...DESCRIPTION,
      'model.safetensors',
    ]);

    const tied = await runStage(pretrained, {
      with: { ...settings, url: server.url, tie_word_embeddings: true },
    });
    const says = ({ events }: typeof run) => JSON.stringify(events).includes('trained apart from it');
    expect([says(run), says(tied)]).toEqual([true, false]);
  });

  /** Publishes the model in two files with an index, and removes the one file. */
  async function publishShards(names: readonly [string, string]): Promise<void> {
    await writeModelFolder(published, TIED, randomWeights(TIED, SEED));
    rmSync(join(published, 'model.safetensors'));
    const sources = randomWeights(TIED, SEED);
    const map: Record<string, string> = {};
    for (const [i, name] of names.entries()) {
      const part = sources.filter((_, at) => at % 2 === i);
      if (!name.includes('/')) await writeSafetensors(join(published, name), part);
      for (const tensor of part) map[tensor.name] = name;
    }
    writeFileSync(join(published, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
  }
  const SHARDS = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;

  it('downloads shards where there is an index instead of one file', async () => {
    await publishShards(SHARDS);
    const run = await runStage(pretrained, {
      with: { ...settings, url: server.url, tie_word_embeddings: true },
    });
    const random = await runStage(pretrained, {
      with: { source: 'random', model: MODEL, seed: SEED, tie_word_embeddings: true },
    });
    expect(run.digests).toEqual(random.digests);
    const fetched = server.requests.map(({ path }) => path);
    expect(fetched).toEqual([
      'config.json',
      ...DESCRIPTION,
      'model.safetensors',
      'model.safetensors.index.json',
      ...SHARDS,
    ]);
  });

  it('compares its configuration before it downloads the weights', async () => {
    await publishShards(SHARDS);
    const model = { ...MODEL, n_layer: 1 };
    await expect(runStage(pretrained, { with: { ...settings, model, url: server.url } })).rejects.toThrow(
      "config.json describes another model: n_layer is 2, the model's is 1.",
    );
    expect(server.requests.map(({ path }) => path)).toEqual(['config.json', ...DESCRIPTION]);
  });

  it('fetches only what is pinned, and refuses a shard without a pin', async () => {
    await publishShards(SHARDS);
    const pins = (names: readonly string[]) =>
      Object.fromEntries(names.map((name) => [name, digestOf(join(published, name))]));
    const run = (sha256: Record<string, string>) =>
      runStage(pretrained, { with: { ...settings, url: server.url, sha256 } });
    await run(pins(['config.json', 'model.safetensors.index.json', ...SHARDS]));
    expect(server.requests.map(({ path }) => path)).not.toContain('model.safetensors');
    await expect(run(pins(['config.json', 'model.safetensors.index.json', SHARDS[0]]))).rejects.toThrow(
      `There is no file ${SHARDS[1]}.`,
    );
  });

  it('writes nowhere but beside the index, whatever that says', async () => {
    await publishShards(['../outside/x.safetensors', SHARDS[1]]);
    await expect(runStage(pretrained, { with: { ...settings, url: server.url } })).rejects.toThrow(
      '"../outside/x.safetensors" is not the name of a safetensors file',
    );
  });

  it('says so where there are no weights to read', async () => {
    await writeModelFolder(published, TIED, randomWeights(TIED, SEED));
    rmSync(join(published, 'model.safetensors'));
    await expect(runStage(pretrained, { with: { ...settings, url: server.url } })).rejects.toThrow(
      'There is neither model.safetensors nor model.safetensors.index.json.',
    );
  });

  it('refuses to tie a head that is of its own, and another shape', async () => {
    const folder = freshDirectory();
    const untied = configOf(MODEL, false);
    await writeModelFolder(folder, untied, randomWeights(untied, SEED));
    const run = (change: object) =>
      runStage(pretrained, { with: { ...settings, ...change }, inputs: { folder } });
    await expect(run({ tie_word_embeddings: true })).rejects.toThrow(
      'has a head of its own, which cannot be tied',
    );
    await expect(run({ model: { ...MODEL, n_layer: 1 } })).rejects.toThrow(
      "config.json describes another model: n_layer is 2, the model's is 1.",
    );
  });
});

describe('the preflight of pretrained', () => {
  const problems = async (values: Record<string, unknown>, inputBytes = {}) => {
    const context = { inputBytes, ...world() };
    return await pretrained.preflight!(resolvedSettings(pretrained, values), context);
  };

  it('says what is missing before anything is downloaded', async () => {
    expect(await problems({ source: 'openai', model: MODEL })).toEqual([
      {
        message: 'The model does not say where openai has it.',
        hint: 'Set `url`, or `openai` in the model.',
      },
    ]);
    expect(await problems({ source: 'openai', model: MODEL }, { folder: 10 })).toEqual([]);
    const pins = { 'hparams.json': '0'.repeat(64) };
    expect(await problems({ source: 'openai', model: { ...MODEL, openai: '124M' }, sha256: pins })).toEqual([
      {
        message:
          'sha256 pins some of the files but not checkpoint, model.ckpt.index, model.ckpt.data-00000-of-00001.',
        hint: 'Pin every file, because the address does not count then; or none.',
      },
    ]);
    expect(
      await problems({ source: 'random', model: { ...MODEL, n_head: 3, eos_token_id: 1 } }),
    ).toHaveLength(2);
  });
});

describe('configs/models', () => {
  const directory = new URL('../../../configs/models/', import.meta.url);
  it.each([
    ['nano', 149_376],
    ['gpt2-small', 163_037_184],
    // The book's model with the head not tied.
    ['gpt2-medium', 406_286_336],
    ['gpt2-large', 838_359_040],
    ['gpt2-xl', 1_638_022_400],
  ])('%s is a model of %i parameters', async (name, parameters) => {
    const model = parse(readFileSync(new URL(`${name}.yaml`, directory), 'utf8'));
    const settings = resolvedSettings(pretrained, { source: 'random', model });
    expect(parameterCount(configOf(completePiece(settings)!, false))).toBe(parameters);
  });
});
