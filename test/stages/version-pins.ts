import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { writeModelFolder } from '../../src/model/files/model-folder.ts';
import { SafetensorsFile } from '../../src/model/files/safetensors.ts';
import { randomWeights } from '../../src/model/network/random-weights.ts';
import { parseHistory } from '../../src/training/state/history.ts';
import { writeExportedModel } from '../fixtures/exported-model.ts';
import { writeOpenAiCheckpoint } from '../fixtures/openai-checkpoint.ts';
import { type FileServer, startFileServer } from '../servers/file-server.ts';
import { digestOf, type OllamaServer, startOllamaServer } from '../servers/ollama-server.ts';
import type { StageRun } from './run-stage.ts';
import { TINY_BYTES, writeTrainInputs } from './train-inputs.ts';

/**
 * The implementation version of a stage type is part of every action key, and only raising it tells a cache that the
 * same action now gives other bytes. So the outputs of small fixtures are pinned beside the version: where a change of
 * ours or of a dependency moves one, raise `version` in src/stages/<type>.ts, and pin both anew.
 */
export interface Pin {
  readonly uses: string;
  readonly version: number;
  readonly fixture: string;
  readonly settings?: () => Record<string, unknown>;
  readonly inputs?: (folder: string) => Promise<Record<string, string>> | Record<string, string>;
  /** What is pinned of the outputs; their digests where nothing else is said. */
  readonly of?: (run: StageRun) => unknown;
  readonly gives: unknown;
}

const ITEMS = [
  { instruction: 'Opposite?', input: 'hot', output: 'cold' },
  { instruction: 'Name a colour.', input: '', output: 'red' },
  { instruction: 'Übersetze: "two"', input: 'Zahl', output: 'zwei\n(2)' },
  ...Array.from({ length: 17 }, (_, i) => ({ instruction: `Count to ${i}`, input: '', output: `${i}` })),
];
const RECORDS = ITEMS.map((item, id) => ({
  id,
  ...item,
  prompt: `${item.instruction}\n${item.input}`,
  response: `\n=> ${item.output}`,
}));
const REPLIES = ['cold', 'a red <one>', ''];
const RESPONSES = REPLIES.map((model_response, i) => ({ ...ITEMS[i], model_response }));
const SCORES = [
  { index: 0, score: 100, reply: '100', rationale: 'It is right.' },
  { index: 1, score: 20, reply: '20' },
  { index: 2, score: null, reason: 'the reply holds no number', reply: 'Fine!' },
];
/** Preference pairs of the records. */
const pairs = (folder: string, name: string) =>
  file(
    folder,
    name,
    RECORDS.map((record) => `${JSON.stringify({ ...record, rejected: '\n=> no' })}\n`).join(''),
  );
const HISTORY = `step,epoch,tokens_seen,train_loss,validation_loss,learning_rate,grad_norm
-1,0,0,3.5,3.75,,
0,0.5,64,2.5,3,0.001,1.5
1,1,128,1.25,2.5,0.001,1.25
`;
const STYLE = { prompt: '{{ instruction }}', response: '\n=> {{ output }}', header: '=>', stop: [] };
const { model_type: _, tie_word_embeddings: __, ...SHAPE } = TINY_BYTES;

const config = (path: string): Record<string, unknown> =>
  parse(readFileSync(join(import.meta.dirname, '../../configs', path), 'utf8'));

function file(folder: string, name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}
const json = (folder: string, name: string, value: unknown) => file(folder, name, JSON.stringify(value));
const records = (folder: string, values: readonly unknown[] = RECORDS) =>
  file(folder, 'records.jsonl', values.map((value) => `${JSON.stringify(value)}\n`).join(''));
const responses = (folder: string) => ({ responses: json(folder, 'responses.json', RESPONSES) });

async function randomModel(folder: string): Promise<string> {
  await writeModelFolder(join(folder, 'model'), TINY_BYTES, randomWeights(TINY_BYTES, 3));
  return join(folder, 'model');
}

/** Equal up to what another processor may make of the same sum. */
const near = (value: number) => expect.closeTo(value, 3);

const losses = (step: number, train: number, validation: number) => ({
  updates: step + 1,
  trainLoss: near(train),
  validationLoss: near(validation),
  learningRate: 0.01,
});

/**
 * The bytes of weights and losses may differ in the last digits from processor to processor, so of a training its
 * losses, its samples, the length of an embedding and the picture in whole pixels are pinned.
 */
async function training({ outputs }: StageRun) {
  const read = (name: string) => readFileSync(outputs[name]!, 'utf8');
  const weights = await SafetensorsFile.open(join(outputs.model!, 'model.safetensors'));
  const embeddings = await weights.readFloats('transformer.wte.weight');
  await weights.close();
  const pixels = read('loss_curve').replaceAll(/\d+\.\d+/g, (number) => String(Math.round(Number(number))));
  return {
    history: parseHistory(read('history')),
    samples: JSON.parse(read('samples')),
    length: Math.hypot(...embeddings),
    curve: createHash('sha256').update(pixels).digest('hex').slice(0, 16),
  };
}

/** Replies, not bytes of numbers: the likeliest tokens of the fixture lead by far more than rounding moves them. */
const replies = ({ outputs }: StageRun) =>
  JSON.parse(readFileSync(outputs.responses!, 'utf8')).map(
    ({ model_response }: { model_response: string }) => model_response,
  );

let files: FileServer;
let ollama: OllamaServer;

/** Starts the servers that the fixtures use; returns what ends them. */
export async function startServers(): Promise<() => Promise<void>> {
  files = await startFileServer(
    new Map<string, string | Uint8Array>([
      ['a.json', '[1, 2]'],
      ['b.bin', new Uint8Array([0, 255])],
    ]),
  );
  // A score that stands for the whole question: another prompt or other options give another one.
  ollama = await startOllamaServer(({ messages, options }) => {
    const score = Number.parseInt(digestOf(JSON.stringify([messages, options])).slice(0, 4), 16) % 101;
    return messages[0]!.content.endsWith('only.') ? `${score}` : `It deserves ${score}.`;
  });
  return async () => {
    await files.close();
    await ollama.close();
  };
}

const COMPARED = {
  exact_match: { scores: 'c98517466e243c47', summary: 'f93329bb8552f830' },
  rouge_l: { scores: '421b6b0967bc6e96', summary: 'f0d7b22cb2c6c12a' },
};
const TOKENS = { gpt2: '2a67d6c7c002a876', bytes: '231e1df63ac25e60' };

export const PINS: readonly Pin[] = [
  {
    uses: 'command',
    version: 1,
    fixture: 'a file and a directory',
    settings: () => ({
      run: 'mkdir -p d/e && cp inputs/text d/e/copy && tr a-z A-Z < inputs/text > upper',
      outputs: { upper: 'upper', tree: { path: 'd', artifact: 'directory' } },
    }),
    inputs: (folder) => ({ text: file(folder, 'text', 'hello\n') }),
    gives: { upper: '3b09aeb6f5f5336b', tree: '214006c87ff623d2' },
  },
  {
    uses: 'download',
    version: 1,
    fixture: 'two files',
    settings: () => ({ files: { a: { url: `${files.url}/a.json` }, b: { url: `${files.url}/b.bin` } } }),
    gives: { a: '3a316d6d3226f84c', b: '06eb7d6a69ee19e5' },
  },
  ...(
    [
      ['huggingface', 'F16', 'da016db62f6c88a5'],
      ['gguf', 'F32', '16d151cd6e14488b'],
      ['gguf', 'Q8_0', '5139045155f25955'],
    ] as const
  ).map(
    ([format, quantization, model]): Pin => ({
      uses: 'export',
      version: format === 'gguf' ? 2 : 1,
      fixture: `${format} of ${quantization}`,
      settings: () => ({ format, quantization, prompt: STYLE }),
      inputs: async (folder) => ({ model: await writeExportedModel(folder, 'bytes', true) }),
      gives: { model },
    }),
  ),
  {
    uses: 'duplicates',
    version: 1,
    fixture: 'the same words, and others',
    inputs: (folder) => ({ records: records(folder) }),
    gives: { report: 'f22a135bdaec2348' },
  },
  {
    uses: 'dpo',
    version: 1,
    fixture: 'an epoch of preferences',
    settings: () => ({ learning_rate: 0.01, batch_size: 4, eval_every: 4, sample_tokens: 5 }),
    inputs: async (folder) => ({
      train: pairs(folder, 'train.jsonl'),
      validation: pairs(folder, 'validation.jsonl'),
      model: await randomModel(folder),
    }),
    of: async (run) => {
      const { history, length } = await training(run);
      return {
        length,
        progress: history.map(({ updates, trainLoss, measures }) => [
          updates - 1,
          trainLoss,
          measures!.train_reward_margin,
        ]),
      };
    },
    gives: {
      length: near(1.85857),
      progress: [
        [-1, near(Math.LN2), 0],
        [0, near(0.69051), near(0.05285)],
        [4, near(0.68199), near(0.22449)],
      ],
    },
  },
  {
    uses: 'format',
    version: 2,
    fixture: 'the alpaca style',
    settings: () => ({ prompt: config('prompts/alpaca.yaml') }),
    inputs: (folder) => ({ data: json(folder, 'data.json', ITEMS) }),
    gives: { records: '1522dfdcf4d7ba68' },
  },
  {
    uses: 'format',
    version: 2,
    fixture: 'the plain style',
    settings: () => ({ prompt: config('prompts/plain.yaml') }),
    inputs: (folder) => ({ data: json(folder, 'data.json', ITEMS) }),
    gives: { records: 'e9c743796a8aff25' },
  },
  {
    uses: 'generate',
    version: 1,
    fixture: 'a random model',
    settings: () => ({ prompt: STYLE, max_new_tokens: 6, batch_size: 2 }),
    inputs: async (folder) => ({
      records: records(folder, RECORDS.slice(0, 5)),
      model: await randomModel(folder),
    }),
    of: replies,
    gives: ['\u000022222', 'CCCCCC', '$\ufffd\ufffd', 'fff\ufffd22', '\ufffdY2222'],
  },
  {
    uses: 'judge',
    version: 2,
    fixture: 'a language model, with the prompt of the book',
    settings: () => ({ judge: config('judges/llama3.yaml'), rationales: 1, url: ollama.url }),
    inputs: responses,
    gives: { scores: '6e9895c0f04a78ac', summary: '9c22c6845a4bd788' },
  },
  ...(['exact_match', 'rouge_l'] as const).map(
    (metric): Pin => ({
      uses: 'judge',
      version: 2,
      fixture: `a comparison by ${metric}`,
      settings: () => ({ judge: { ...config('judges/reference.yaml'), metric } }),
      inputs: responses,
      gives: COMPARED[metric],
    }),
  ),
  {
    uses: 'pretrained',
    version: 1,
    fixture: 'random weights',
    settings: () => ({ source: 'random', model: SHAPE, seed: 7 }),
    gives: { model: '83aff029b611aebb' },
  },
  {
    uses: 'pretrained',
    version: 1,
    fixture: "OpenAI's checkpoint",
    settings: () => ({ source: 'openai', model: SHAPE, tie_word_embeddings: true }),
    inputs: async (folder) => {
      await writeOpenAiCheckpoint(folder, SHAPE, 5);
      return { folder };
    },
    gives: { model: '6bedb7c5321b9c40' },
  },
  {
    uses: 'pretrained',
    version: 2,
    fixture: "a folder of Hugging Face's",
    settings: () => ({ source: 'huggingface', model: SHAPE }),
    inputs: async (folder) => ({ folder: await randomModel(folder) }),
    gives: { model: '22e474b1bcbd9c89' },
  },
  {
    uses: 'pretrained',
    version: 1,
    fixture: 'a GGUF file',
    settings: () => ({ source: 'gguf' }),
    inputs: () => ({ gguf: fileURLToPath(new URL('../golden/gguf-models/mixed.gguf', import.meta.url)) }),
    gives: { model: 'aa76ddf414c7f76e' },
  },
  {
    uses: 'report',
    version: 3,
    fixture: 'all inputs',
    settings: () => ({ title: 'A & B', parameters: { learning_rate: 0.00005, judge: { model: 'llama3' } } }),
    inputs: (folder) => ({
      ...responses(folder),
      scores: json(folder, 'scores.json', SCORES),
      history: file(folder, 'history.csv', HISTORY),
      baseline_scores: json(
        folder,
        'baseline.json',
        SCORES.map((item) => ({ ...item, score: 1 })),
      ),
    }),
    gives: { report: '2e73f95a62ddbd7e' },
  },
  {
    uses: 'split',
    version: 1,
    fixture: 'the shares of the book',
    inputs: (folder) => ({ records: records(folder) }),
    gives: { train: '1d22b266cbf92d07', test: 'fdabf018c73c3d33', validation: '8d49521a6cc8f707' },
  },
  ...(['gpt2', 'bytes'] as const).map(
    (encoding): Pin => ({
      uses: 'tokenize',
      version: 2,
      fixture: `the encoding ${encoding}`,
      settings: () => ({ encoding }),
      inputs: (folder) => ({ train: records(folder), validation: records(folder) }),
      gives: { train: TOKENS[encoding], validation: TOKENS[encoding] },
    }),
  ),
  {
    uses: 'train',
    version: 1,
    fixture: 'two epochs of sums',
    settings: () => ({ learning_rate: 0.01, batch_size: 4, eval_every: 2, sample_tokens: 5 }),
    inputs: writeTrainInputs,
    of: training,
    gives: {
      history: [
        { ...losses(-1, 5.56324, 5.55758), epoch: 0, tokensSeen: 0, learningRate: null, gradNorm: null },
        { ...losses(0, 5.42324, 5.4491), epoch: 0.5, tokensSeen: 40, gradNorm: near(1.82174) },
        { ...losses(2, 5.16445, 5.18531), epoch: 1.5, tokensSeen: 120, gradNorm: near(1.30534) },
      ],
      samples: [
        { epoch: 0, prompt: '10 + 10 ', text: '\ufffdW\u0013Z\ufffd' },
        { epoch: 1, prompt: '10 + 10 ', text: '     ' },
        { epoch: 2, prompt: '10 + 10 ', text: '     ' },
      ],
      length: near(1.85877),
      curve: '026ecf8f788dab23',
    },
  },
  {
    uses: 'train',
    version: 2,
    fixture: 'two epochs of sums, responses only',
    settings: () => ({
      learning_rate: 0.01,
      batch_size: 4,
      eval_every: 2,
      sample_tokens: 5,
      mask_instruction: true,
    }),
    inputs: writeTrainInputs,
    of: training,
    gives: {
      history: [
        { ...losses(-1, 5.56653, 5.56247), epoch: 0, tokensSeen: 0, learningRate: null, gradNorm: null },
        { ...losses(0, 5.42123, 5.45621), epoch: 0.5, tokensSeen: 40, gradNorm: near(1.70188) },
        { ...losses(2, 5.17617, 5.2016), epoch: 1.5, tokensSeen: 120, gradNorm: near(1.19143) },
      ],
      samples: [
        { epoch: 0, prompt: '10 + 10 ', text: '\ufffdW\u0013Z\ufffd' },
        { epoch: 1, prompt: '10 + 10 ', text: '14444' },
        { epoch: 2, prompt: '10 + 10 ', text: '11111' },
      ],
      length: near(1.91268),
      curve: '628379b14f2d629d',
    },
  },
];
