import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../../src/engine/load-engine.ts';
import { generate } from '../../src/model/generate.ts';
import type { Gpt2 } from '../../src/model/gpt2.ts';
import { loadModel } from '../../src/model/model-folder.ts';
import { exportStage } from '../../src/stages/export.ts';
import { tokenizerFor } from '../../src/text/tokenizer.ts';
import { choices, writeExportedModel } from '../fixtures/exported-model.ts';
import { freshDirectory, removeDirectories, runStage } from '../stages/run-stage.ts';

/*
 * Exported GGUF files in the programs that they are for: not part of the ordinary tests, which have none of them.
 *
 *   NODE_LLAMA_CPP=<folder with node_modules/node-llama-cpp> OLLAMA=<its program> npm run check:gguf
 */
const LLAMA = process.env.NODE_LLAMA_CPP;

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

interface LlamaAnswer {
  readonly tokens: number[][];
  readonly choices: number[][];
  readonly replies: number[][];
}

async function askLlama(question: object): Promise<LlamaAnswer> {
  const program = fileURLToPath(new URL('llama-cpp.mjs', import.meta.url));
  const { stdout } = await execa(process.execPath, [program, LLAMA!], { input: JSON.stringify(question) });
  return JSON.parse(stdout.split('MARK\n').at(-1)!) as LlamaAnswer;
}

let model: Gpt2;
afterEach(() => removeDirectories());

describe.skipIf(!LLAMA)('a GGUF file in llama.cpp (skipped without NODE_LLAMA_CPP)', () => {
  beforeAll(() => loadEngine('cpu'));
  const cases = (['gpt2', 'bytes'] as const).flatMap((encoding) =>
    [true, false].flatMap((tied) =>
      (['F32', 'F16', 'Q8_0'] as const).map((type) => ({ encoding, tied, type })),
    ),
  );
  it.each(cases)('$encoding, head tied $tied, $type', async ({ encoding, tied, type }) => {
    const folder = await writeExportedModel(freshDirectory(), encoding, tied);
    const run = await runStage(exportStage, {
      with: { format: 'gguf', quantization: type },
      inputs: { model: folder },
    });
    const file = (name: string) => (existsSync(join(folder, name)) ? join(folder, name) : undefined);
    model = await loadModel({ file });
    const tokenizer = await tokenizerFor(encoding);
    const prompts = PROMPTS.map((prompt) => [...tokenizer.encode(prompt)]);
    const replies = await generate(model, prompts, { maxNewTokens: NEW_TOKENS, endOfText: -1 });
    const sequences = prompts.map((prompt, i) => [...prompt, ...replies[i]!].slice(0, -1));
    const path = join(run.outputs.model!, 'model.gguf');
    const theirs = await askLlama({
      path,
      texts: PROMPTS,
      sequences,
      greedy: type === 'Q8_0' ? [] : prompts,
      newTokens: NEW_TOKENS,
    });
    expect(theirs.tokens).toEqual(prompts);

    let [sure, agreed, total, same] = [0, 0, 0, 0];
    for (const [i, ids] of sequences.entries()) {
      const ours = choices(model, ids);
      const start = prompts[i]!.length - 1;
      for (let at = start; at < ids.length; at++) {
        total++;
        if (theirs.choices[i]![at] === ours.tokens[at]) agreed++;
        if (type === 'Q8_0' || ours.margins[at]! <= MARGIN) continue;
        sure++;
        expect(theirs.choices[i]![at], `prompt ${i}, token ${at}`).toBe(ours.tokens[at]);
      }
      if (type === 'Q8_0') continue;
      const unsure = ours.margins.slice(start).findIndex((margin) => margin <= MARGIN);
      const compared = unsure < 0 ? NEW_TOKENS : unsure;
      same += compared;
      expect(theirs.replies[i]!.slice(0, compared)).toEqual(replies[i]!.slice(0, compared));
    }
    console.log({ encoding, tied, type, agreed, total, sure, same });
    expect(agreed / total).toBeGreaterThanOrEqual(type === 'Q8_0' ? 0.9 : 0.99);
    model.dispose();
  });
});
