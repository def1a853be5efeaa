import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GGUF_FILE } from '../../src/model/files/gguf/modelfile.ts';
import { readChat } from '../../src/model/files/tokenizer/chat-template-file.ts';
import { generate } from '../../src/model/generation/generate.ts';
import {
  type Chat,
  conversationTokens,
  endOfTurn,
  questionTokens,
} from '../../src/text/chat/conversation-tokens.ts';
import type { Turn } from '../../src/text/turns.ts';
import { shippedStyle } from '../shipped-style.ts';
import { freshDirectory, removeDirectories } from '../stages/run-stage.ts';
import { askLlama } from './llama-cpp.ts';
import { Ollama } from './ollama.ts';
import { type RealModel, readRealModel } from './real-model.ts';

/*
 * SmolLM2 135M Instruct of a GGUF file as a chat model: its template beside transformers, and its replies after an export beside llama.cpp and
 * Ollama. Not part of the ordinary tests; what is missing is skipped:
 *
 *   PIPE_GGUF_FOLDER=<folder with smollm2-135m-instruct.gguf> PIPE_PYTHON=<python with transformers, torch and gguf> \
 *   NODE_LLAMA_CPP=<folder with node_modules/node-llama-cpp> OLLAMA=<its program> npm run check:gguf
 */
const FOLDER = process.env.PIPE_GGUF_FOLDER;
const PYTHON = process.env.PIPE_PYTHON;
const LLAMA = process.env.NODE_LLAMA_CPP;
const OLLAMA = process.env.OLLAMA;
const NAME = 'smollm2-135m-instruct.gguf';
const missing = FOLDER === undefined || !existsSync(join(FOLDER, NAME));

const NEW_TOKENS = 24;
const SYSTEM: Turn = { role: 'system', content: 'You answer in one short sentence.' };
const QUESTIONS = [
  'What is the capital of France?',
  'Name a bird.',
  'Rewrite: the cat sat on the mat.',
  'What is 2 + 2?',
  'Give a synonym of happy.',
  'What colour is the sky?',
  'Who wrote Hamlet?',
  'Translate "good morning" into Spanish.',
  'What do bees make?',
  'Name three fruits.',
  'Is ice colder than water?',
  'What is the opposite of hot?',
  'How many days has a week?',
  'What is a verb?',
  'Name a planet with rings.',
  'Why is the sea salty?',
  'Correct the sentence: he go to school.',
  'What is the past tense of "run"?',
  'Give a title for a story about a lost dog.',
  'What does a doctor do?',
];
const CONVERSATIONS: readonly (readonly Turn[])[] = [
  [
    { role: 'user', content: 'Hot?' },
    { role: 'assistant', content: 'Cold' },
  ],
  [
    SYSTEM,
    { role: 'user', content: 'Été — 東京 🙂\n\n  def f(x):\n\treturn 42' },
    { role: 'assistant', content: ' A function. ' },
    { role: 'user', content: 'And 1234567?' },
    { role: 'assistant', content: 'A number.\n' },
    { role: 'user', content: "it's <|im_end|> in a text" },
    { role: 'assistant', content: 'Yes.' },
  ],
];

let real: RealModel;
let chat: Chat;
beforeAll(async () => {
  if (missing) return;
  real = await readRealModel(join(FOLDER!, NAME));
  chat = await readChat(real.files, real.own);
}, 300_000);
afterAll(() => removeDirectories());

/** How many tokens of two replies are the same from the first on. */
const equalFrom = (one: readonly number[], other: readonly number[]): number => {
  const different = one.findIndex((id, i) => id !== other[i]);
  return different < 0 ? one.length : different;
};

/** Our greedy replies, without what ends them. */
async function replies(prompts: readonly ArrayLike<number>[]): Promise<number[][]> {
  const { endOfText } = chat.tokenizer;
  const ends = [endOfTurn(chat) ?? endOfText];
  return await generate(real.model, prompts, { maxNewTokens: NEW_TOKENS, endOfText, otherEnds: ends });
}

describe.skipIf(missing)('the chat template of a real model', { timeout: 600_000 }, () => {
  it.skipIf(!PYTHON)('gives the tokens that transformers gives, over several turns', async () => {
    const directory = freshDirectory();
    const [asked, answered] = [join(directory, 'conversations.json'), join(directory, 'ids.json')];
    writeFileSync(asked, JSON.stringify(CONVERSATIONS));
    await execa(PYTHON!, [join(import.meta.dirname, 'chat_tokens.py'), FOLDER!, NAME, asked, answered]);
    const theirs = JSON.parse(readFileSync(answered, 'utf8')) as { whole: number[]; question: number[] }[];
    for (const [i, turns] of CONVERSATIONS.entries()) {
      expect([...conversationTokens(chat, turns, 'all').ids]).toEqual(theirs[i]!.whole);
      expect([...questionTokens(chat, turns.slice(0, -1))]).toEqual(theirs[i]!.question);
    }
  });

  it.skipIf(!LLAMA)('gives the tokens that llama.cpp reads in its texts', async () => {
    const texts = CONVERSATIONS.map((turns) => chat.template.text(turns, { asksReply: false }));
    const { tokens } = await askLlama(LLAMA!, { path: join(FOLDER!, NAME), texts, special: true });
    const ours = CONVERSATIONS.map((turns) => [...conversationTokens(chat, turns, 'all').ids]);
    expect(tokens).toEqual(ours);
  });
});

describe.skipIf(missing)('a real model that is exported', { timeout: 900_000 }, () => {
  const prompts = () =>
    QUESTIONS.map((content) => [...questionTokens(chat, [SYSTEM, { role: 'user', content }])]);

  it.skipIf(!LLAMA).each([
    ['F32', 1],
    ['F16', 0.9],
    ['Q8_0', 0.5],
  ] as const)('as %s replies in llama.cpp as it does here', async (quantization, least) => {
    const ours = await replies(prompts());
    const path = join(await real.exported({ quantization }), GGUF_FILE);
    const theirs = await askLlama(LLAMA!, { path, greedy: prompts(), newTokens: NEW_TOKENS });
    const figures = ours.map((reply, i) => ({
      tokens: reply.length,
      equal: equalFrom(reply, theirs.replies[i]!),
    }));
    const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
    const [equal, all] = [sum(figures.map((one) => one.equal)), sum(figures.map((one) => one.tokens))];
    const whole = figures.filter((one) => one.equal === one.tokens).length;
    console.log(`llama.cpp, ${quantization}: ${equal} of ${all} tokens, ${whole} of ${ours.length} replies`);
    expect(equal / all).toBeGreaterThanOrEqual(least);
  });

  it.skipIf(!OLLAMA).each(['F32', 'F16', 'Q8_0'])(
    'as %s answers in Ollama as it does here',
    async (quantization) => {
      const ollama = await Ollama.start(OLLAMA!);
      try {
        const name = `smollm2-${quantization.toLowerCase()}`;
        const folder = await real.exported({ quantization, prompt: shippedStyle('chat') });
        await ollama.create(name, folder);
        const show = (await ollama.ask('show', { model: name })) as { template: string };
        console.log(show.template);
        const ours = await replies(prompts());
        let same = 0;
        for (const [i, content] of QUESTIONS.entries()) {
          const options = { num_predict: NEW_TOKENS, num_thread: 1 };
          const messages = [SYSTEM, { role: 'user', content }];
          const answer = (await ollama.ask('chat', { model: name, messages, options })) as {
            message: { content: string };
            prompt_eval_count: number;
          };
          expect(answer.prompt_eval_count).toBe(prompts()[i]!.length);
          if (answer.message.content === chat.tokenizer.decode(ours[i]!).trimStart()) same++;
          else console.log(JSON.stringify([answer.message.content, chat.tokenizer.decode(ours[i]!)]));
        }
        console.log(`Ollama, ${quantization}: ${same} of ${ours.length} answers`);
        expect(same).toBeGreaterThanOrEqual(quantization === 'Q8_0' ? 5 : 18);
      } finally {
        await ollama.stop();
      }
    },
  );
});
