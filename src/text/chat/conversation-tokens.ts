import { StageError } from '../../contract/stage-context.ts';
import { END_OF_TEXT, type Tokenizer } from '../tokenizer/tokenizer.ts';
import type { Turn } from '../turns.ts';
import type { ChatTemplate } from './chat-template.ts';

/** What writes the conversations of one model. */
export interface Chat {
  readonly template: ChatTemplate;
  readonly tokenizer: Tokenizer;
  /** Texts of the tokens that steer: one of them ends a turn. */
  readonly marks: readonly string[];
  /** The template writes `<|endoftext|>`, which is otherwise ordinary text, so that data cannot forge an end. */
  readonly writesEnd: boolean;
}

/** A conversation as tokens. */
export interface ConversationTokens {
  readonly ids: Int32Array;
  /** 1 for each token that is the assistant's, the end of its turn included; 0 for the others. */
  readonly counted: Int32Array;
  /** Tokens before the last reply. */
  readonly promptLength: number;
}

/** A part of a text, from a character to before another one. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * The tokens of a conversation that ends with the assistant, and which of them it has to say. `which`: all of its turns count, or the
 * last one. A turn is what the template writes after the text that asks for it, up to the first token that steers. The end of the
 * whole text is left to whoever makes batches, if the model's end of text is the last token. Throws StageError where the template
 * writes a turn otherwise when others follow, because no reply could then be what is learnt.
 */
export function conversationTokens(
  chat: Chat,
  turns: readonly Turn[],
  which: 'all' | 'last',
): ConversationTokens {
  const text = chat.template.text(turns, { asksReply: false });
  const last = turns.length - 1;
  const replies = turns.flatMap(({ role }, i) =>
    role === 'assistant' && (which === 'all' || i === last) ? [i] : [],
  );
  const spans = replies.map((i) => replySpan(chat, turns, i, text));
  const { ids, places } = cutAtSpans(chat, text, spans);
  const end = ids.at(-1) === chat.tokenizer.endOfText ? ids.length - 1 : ids.length;
  const counted = new Int32Array(end);
  for (const { from, to } of places) counted.fill(1, from, Math.min(to, end));
  return { ids: ids.slice(0, end), counted, promptLength: places.at(-1)!.from };
}

/** The tokens that ask the assistant for the next turn. */
export function questionTokens(chat: Chat, turns: readonly Turn[]): Int32Array {
  return encoded(chat, chat.template.text(turns, { asksReply: true }));
}

/** The token that ends the assistant's turns; undefined where the template writes none. */
export function endOfTurn(chat: Chat): number | undefined {
  const text = chat.template.text(SHORT_CHAT, { asksReply: false });
  const { to } = replySpan(chat, SHORT_CHAT, 1, text);
  const mark = chat.marks.find((mark) => text.slice(0, to).endsWith(mark));
  const ids = mark === undefined ? [] : encoded(chat, mark);
  return ids.length === 1 ? ids[0] : undefined;
}

/** Where a turn of the assistant is in the text of its conversation. */
function replySpan({ template, marks }: Chat, turns: readonly Turn[], i: number, text: string): Span {
  const before = template.text(turns.slice(0, i), { asksReply: true });
  const after = template.text(turns.slice(0, i + 1), { asksReply: false });
  const content = turns[i]!.content.trim();
  const reply = after.slice(before.length);
  const at = reply.lastIndexOf(content);
  if (!after.startsWith(before) || at < 0) throw rewritten(i, 'does not continue the text that asks for it');
  const rest = reply.slice(at + content.length);
  const ends = marks.flatMap((mark) => (rest.includes(mark) ? [rest.indexOf(mark) + mark.length] : []));
  const end = ends.length > 0 ? Math.min(...ends) : rest.trimEnd().length;
  const to = before.length + at + content.length + end;
  if (!text.startsWith(after.slice(0, to))) throw rewritten(i, 'is written otherwise when more turns follow');
  return { from: before.length, to };
}

function rewritten(i: number, problem: string): StageError {
  return new StageError(`With the model's chat template, turn ${i + 1} of a conversation ${problem}.`, {
    hint: 'Templates of models that think drop earlier thoughts. Set `turns: each` in `format`: a record of each answer, of which only the last turn is learnt.',
  });
}

/**
 * Encodes a text so that spans of it are whole tokens. It is the encoding of the whole text, but where a token would be half inside:
 * there it is cut, as it is where a model replies to what comes before.
 */
function cutAtSpans(
  chat: Chat,
  text: string,
  spans: readonly Span[],
): { readonly ids: Int32Array; readonly places: readonly Span[] } {
  const whole = encoded(chat, text);
  const at = (end: number): number | undefined => {
    const ids = encoded(chat, text.slice(0, end));
    return ids.every((id, i) => id === whole[i]) ? ids.length : undefined;
  };
  const clean = spans.map(({ from, to }) => ({ from: at(from), to: at(to) }));
  const isClean = (span: (typeof clean)[number]): span is Span =>
    span.from !== undefined && span.to !== undefined;
  if (clean.every(isClean)) return { ids: whole, places: clean };
  const ids: number[] = [];
  let end = 0;
  const add = (to: number) => {
    for (const id of encoded(chat, text.slice(end, to))) ids.push(id);
    end = to;
    return ids.length;
  };
  const places = spans.map(({ from, to }) => ({ from: add(from), to: add(to) }));
  add(text.length);
  return { ids: Int32Array.from(ids), places };
}

function encoded({ tokenizer, writesEnd }: Chat, text: string): Int32Array {
  return tokenizer.encode(text, { allowSpecial: writesEnd });
}

const SHORT_CHAT: readonly Turn[] = [
  { role: 'user', content: 'Hello' },
  { role: 'assistant', content: 'Hello' },
];

/** What writes conversations with this template, for this tokenizer. Throws StageError. */
export function chatOf(template: ChatTemplate, tokenizer: Tokenizer, marks: readonly string[]): Chat {
  const text = template.text(SHORT_CHAT, { asksReply: false });
  return { template, tokenizer, marks, writesEnd: text.includes(END_OF_TEXT) };
}
