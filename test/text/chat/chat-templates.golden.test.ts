import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelTokenizer } from '../../../src/model/files/tokenizer/model-tokenizer.ts';
import { readTokenizerJson } from '../../../src/model/files/tokenizer/tokenizer-json.ts';
import { tokenizerSettings } from '../../../src/model/files/tokenizer/tokenizer-settings.ts';
import { ChatTemplate } from '../../../src/text/chat/chat-template.ts';
import {
  type Chat,
  chatOf,
  conversationTokens,
  endOfTurn,
  questionTokens,
} from '../../../src/text/chat/conversation-tokens.ts';
import type { Turn } from '../../../src/text/turns.ts';
import { configOfSize } from '../../model/config-of-size.ts';

/*
 * What transformers makes of conversations (apply_chat_template with return_assistant_tokens_mask): see chat_templates.py.
 * PIPE_CHAT_TEMPLATES names another file that the script wrote, with more conversations.
 */

interface Golden {
  readonly conversations: readonly (readonly Turn[])[];
  readonly kinds: Readonly<
    Record<
      string,
      {
        readonly shape: string;
        readonly template: string;
        readonly roles: Readonly<Record<string, string>>;
        readonly results: readonly {
          readonly text: string;
          readonly ids: readonly number[];
          readonly mask: readonly number[];
          readonly prompt: readonly number[];
        }[];
      }
    >
  >;
}

const FOLDER = join(import.meta.dirname, '../../golden');
const file = process.env.PIPE_CHAT_TEMPLATES ?? join(FOLDER, 'chat-templates.json');
const { conversations, kinds }: Golden = JSON.parse(readFileSync(file, 'utf8'));

async function chatFor(
  shape: string,
  template: string,
  roles: Readonly<Record<string, string>>,
): Promise<Chat> {
  const path = join(FOLDER, 'tokenizer-shapes', shape, 'tokenizer.json');
  const whole = await readTokenizerJson(path, () => [], tokenizerSettings('tokenizer_config.json', {}));
  // An id that ends no turn, so that nothing is left to whoever makes batches.
  const { tokenizer, vocabulary } = await modelTokenizer(whole, configOfSize(2000, 5), true);
  const { special, tokens } = await vocabulary();
  return chatOf(
    new ChatTemplate({ template, roles }),
    tokenizer,
    [...special].flatMap((id) => tokens[id] ?? []),
  );
}

describe.each(Object.entries(kinds))(
  'a chat template of the kind %s',
  (_, { shape, template, roles, results }) => {
    it('gives the text, the ids and the mask of transformers', async () => {
      const chat = await chatFor(shape, template, roles);
      for (const [i, turns] of conversations.entries()) {
        const { text, ids, mask, prompt } = results[i]!;
        expect(chat.template.text(turns, { asksReply: false })).toBe(text);
        const tokens = conversationTokens(chat, turns, 'all');
        expect([...tokens.ids], text).toEqual(ids);
        expect([...tokens.counted], text).toEqual(mask);
        expect([...questionTokens(chat, turns.slice(0, -1))], text).toEqual(prompt);
      }
    });

    it('counts tokens that are exactly the replies with their ends, whatever is said', async () => {
      const chat = await chatFor(shape, template, roles);
      const said = fc
        .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
        .map((text) => text.normalize('NFC').trim())
        .filter((text) => text !== '' && !text.includes('▁'));
      const pair = fc.tuple(said, said);
      const end = chat.tokenizer.decode([endOfTurn(chat)!]);
      fc.assert(
        fc.property(fc.array(pair, { minLength: 1, maxLength: 4 }), (pairs) => {
          const turns = pairs.flatMap(([user, assistant]): Turn[] => [
            { role: 'user', content: user },
            { role: 'assistant', content: assistant },
          ]);
          const { ids, counted, promptLength } = conversationTokens(chat, turns, 'all');
          const decoded = chat.tokenizer.decode(ids.filter((_, i) => counted[i] === 1));
          expect(decoded).toBe(pairs.map(([, assistant]) => `${assistant}${end}`).join(''));
          const last = conversationTokens(chat, turns, 'last');
          const lastReply = chat.tokenizer.decode(last.ids.filter((_, i) => last.counted[i] === 1));
          expect(lastReply).toBe(`${pairs.at(-1)![1]}${end}`);
          expect(ids.slice(0, promptLength)).toEqual(questionTokens(chat, turns.slice(0, -1)));
        }),
        { numRuns: 200 },
      );
    });
  },
);

describe('a chat template', () => {
  const short: readonly Turn[] = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: '<think>greet</think>Hello' },
    { role: 'user', content: 'More' },
    { role: 'assistant', content: 'No' },
  ];
  const rendered = (template: string, turns = short) =>
    new ChatTemplate({ template, roles: {} }).text(turns, { asksReply: false });

  it.each([
    ["{{ raise_exception('no system') }}", "The model's chat template refuses the conversation: no system."],
    ['{% for', "The model's chat template is not valid Jinja: "],
    ['{{ messages | nothing }}', "The model's chat template cannot be rendered: "],
    ['{% for i in range(1000000000) %}x{% endfor %}', "The model's chat template asks for too much: range("],
    [
      '{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}',
      "The model's chat template asks for too much: it takes more than 100000 steps",
    ],
    [
      "{% set ns = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
      "The model's chat template asks for too much: a value of it has",
    ],
    [
      '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}',
      "The model's chat template asks for too much: its expressions",
    ],
  ])('that is hostile or wrong is refused by name: %s', (template, message) => {
    expect(() => rendered(template)).toThrow(message);
  });

  it('has no clock, so that the same conversation is the same text every day', () => {
    expect(rendered("{{ 'clock' if strftime_now is defined else 'none' }}")).toBe('none');
  });

  it('that rewrites earlier turns, as those of models that think, is found and said', async () => {
    const { template: chatml, roles } = kinds.chatml!;
    const thinking = chatml.replaceAll(
      "{{ message['content'] + '<|im_end|>' }}",
      "{{ (message['content'] if loop.last else message['content'].split('</think>')[-1]) + '<|im_end|>' }}",
    );
    const chat = await chatFor('smollm2', thinking, roles);
    expect(() => conversationTokens(chat, short, 'all')).toThrow(
      "With the model's chat template, turn 2 of a conversation is written otherwise when more turns follow.",
    );
    const { ids, counted } = conversationTokens(chat, short, 'last');
    expect(chat.tokenizer.decode(ids.filter((_, i) => counted[i] === 1))).toBe('No<|im_end|>');
  });
});
