import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadEngine } from '../../src/engine/load-engine.ts';
import { GGUF_FILE } from '../../src/model/files/gguf/modelfile.ts';
import { loadModel } from '../../src/model/files/model-folder.ts';
import { generate } from '../../src/model/generation/generate.ts';
import type { CausalModel } from '../../src/model/network/causal-model.ts';
import { exportStage } from '../../src/stages/export/export.ts';
import { renderPrompt } from '../../src/text/prompt/prompt-style.ts';
import { type Encoding, type Tokenizer, tokenizerFor } from '../../src/text/tokenizer/tokenizer.ts';
import { choices, writeExportedModel } from '../fixtures/exported-model.ts';
import { freshDirectory, removeDirectories, runStage } from '../stages/run-stage.ts';
import { askLlama } from './llama-cpp.ts';
import { Ollama } from './ollama.ts';

/*
 * Exported GGUF files in the programs that they are for: not part of the ordinary tests, which have none of them.
 *
 *   NODE_LLAMA_CPP=<folder with node_modules/node-llama-cpp> OLLAMA=<its program> npm run check:gguf
 */
const LLAMA = process.env.NODE_LLAMA_CPP;
const OLLAMA = process.env.OLLAMA;

const NEW_TOKENS = 20;
/** Rounding decides between tokens that are nearer to each other than this. */
const MARGIN = 0.01;
const PROMPTS = [
  'Hello, world',
  'Once upon a time',
  'été — 東京 🙂',
  '  def f(x):\n\treturn 42',
  "it's <|x|>",
];

/** A small model of ours and its GGUF file. */
interface Exported {
  readonly model: CausalModel;
  readonly tokenizer: Tokenizer;
  readonly folder: string;
}

async function exported(encoding: Encoding, tied: boolean, settings: object): Promise<Exported> {
  const source = await writeExportedModel(freshDirectory(), encoding, tied);
  const run = await runStage(exportStage, {
    with: { format: 'gguf', ...settings },
    inputs: { model: source },
  });
  const file = (name: string) => (existsSync(join(source, name)) ? join(source, name) : undefined);
  const [model, tokenizer] = [await loadModel({ file }), await tokenizerFor(encoding)];
  return { model, tokenizer, folder: run.outputs.model! };
}

/** Our greedy reply to some tokens. */
async function reply(model: CausalModel, ids: readonly number[]): Promise<number[]> {
  return (await generate(model, [ids], { maxNewTokens: NEW_TOKENS, endOfText: -1 }))[0]!;
}

/** How many tokens of a reply come before one that rounding might decide. */
function sureTokens(model: CausalModel, prompt: readonly number[], ids: readonly number[]): number {
  const { margins } = choices(model, [...prompt, ...ids].slice(0, -1));
  const unsure = margins.slice(prompt.length - 1).findIndex((margin) => margin <= MARGIN);
  return unsure < 0 ? ids.length : unsure;
}

const TYPES = ['F32', 'F16', 'Q8_0'] as const;

beforeAll(() => loadEngine('cpu'));
afterEach(() => removeDirectories());

describe.skipIf(!LLAMA)(
  'a GGUF file in llama.cpp (skipped without NODE_LLAMA_CPP)',
  { timeout: 120_000 },
  () => {
    const cases = (['gpt2', 'bytes'] as const).flatMap((encoding) =>
      [true, false].flatMap((tied) => TYPES.map((type) => ({ encoding, tied, type }))),
    );
    it.each(cases)('$encoding, head tied $tied, $type', async ({ encoding, tied, type }) => {
      const { model, tokenizer, folder } = await exported(encoding, tied, { quantization: type });
      const prompts = PROMPTS.map((prompt) => [...tokenizer.encode(prompt)]);
      const replies: number[][] = [];
      for (const prompt of prompts) replies.push(await reply(model, prompt));
      const sequences = prompts.map((prompt, i) => [...prompt, ...replies[i]!].slice(0, -1));
      const theirs = await askLlama(LLAMA!, {
        path: join(folder, GGUF_FILE),
        texts: PROMPTS,
        sequences,
        greedy: prompts,
        newTokens: NEW_TOKENS,
      });
      expect(theirs.tokens).toEqual(prompts);

      const figures = { tokens: 0, forced: 0, sure: 0, largest: 0 };
      for (const [i, ids] of sequences.entries()) {
        const ours = choices(model, ids);
        for (let at = prompts[i]!.length - 1; at < ids.length; at++) {
          figures.tokens++;
          if (theirs.choices[i]![at] === ours.tokens[at]) figures.forced++;
          else figures.largest = Math.max(figures.largest, ours.margins[at]!);
        }
        if (type === 'Q8_0') continue;
        const sure = sureTokens(model, prompts[i]!, replies[i]!);
        figures.sure += sure;
        expect(theirs.replies[i]!.slice(0, sure)).toEqual(replies[i]!.slice(0, sure));
      }
      model.dispose();
      console.log(JSON.stringify({ encoding, tied, type, ...figures }));
      if (type !== 'Q8_0') expect(figures.largest).toBeLessThanOrEqual(MARGIN);
      expect(figures.forced / figures.tokens).toBeGreaterThanOrEqual(type === 'Q8_0' ? 0.9 : 0.99);
    });
  },
);

describe.skipIf(!OLLAMA)(
  'a GGUF file and its Modelfile in Ollama (skipped without OLLAMA)',
  { timeout: 120_000 },
  () => {
    const style = parse(readFileSync(new URL('../../configs/prompts/alpaca.yaml', import.meta.url), 'utf8'));
    const instructions = ['Name a bird.', 'Rewrite: the cat sat', "What's 2 + 2?"];
    let ollama: Ollama;
    beforeAll(async () => {
      ollama = await Ollama.start(OLLAMA!);
    });
    afterAll(() => ollama?.stop());

    it.each(TYPES)('of %s answers as our model does', async (type) => {
      const { model, tokenizer, folder } = await exported('gpt2', false, {
        quantization: type,
        prompt: style,
      });
      const name = `exported-${type.toLowerCase()}`;
      await ollama.create(name, folder);
      let same = 0;
      for (const instruction of instructions) {
        const options = { num_predict: 20, num_thread: 1 };
        const answer = await ollama.ask('generate', { model: name, prompt: instruction, options });
        const { response, prompt_eval_count } = answer as { response: string; prompt_eval_count: number };
        const text = renderPrompt(style, { instruction, input: '' });
        const prompt = [...tokenizer.encode(`${text}\n\n### Response:\n`)];
        expect(prompt_eval_count).toBe(prompt.length);
        const ours = await reply(model, prompt);
        expect(response).not.toBe('');
        const sure = type === 'Q8_0' ? 0 : sureTokens(model, prompt, ours);
        same += sure;
        expect(response.startsWith(tokenizer.decode(ours.slice(0, sure)))).toBe(true);
        if (sure === NEW_TOKENS) expect(response).toBe(tokenizer.decode(ours));
      }
      model.dispose();
      if (type !== 'Q8_0') expect(same).toBeGreaterThan(0);
      console.log(JSON.stringify({ program: 'ollama', type, same, of: NEW_TOKENS * instructions.length }));
    });
  },
);
