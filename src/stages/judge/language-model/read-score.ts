import { isObject } from '../../../contract/json.ts';
import type { Judgement } from '../../../text/scores.ts';

type Reading = Pick<Judgement, 'score' | 'reason'>;

/** How a reply ended: `length` means at its greatest number of tokens. */
export type ReplyEnd = 'stop' | 'length';

/** Thoughts before an answer. The template of some models holds the opening mark, so a reply may begin within it. */
const THOUGHTS = /^(?:\s*<(think|thinking)>|(?![\s\S]*<(?:think|thinking)>))[\s\S]*?<\/(?:think|thinking)>/;
const THOUGHT_MARK = /<\/?(?:think|thinking)>/;
/** A whole reply that is one fenced block. */
const FENCED = /^```[a-z]*[ \t]*\n([\s\S]*?)\n?```$/i;
/** Marks of bold and italic text, and of code. */
const MARK = '(?:\\*{1,3}|_{1,3}|`)?';
/** A label in front, the number, and what it is of. */
const FORM = new RegExp(
  `^${MARK}(?:(?:the )?(?:final |overall )?(?:score|rating)${MARK} ?(?:is|:|=)${MARK}\\s*)?` +
    `${MARK}([+-]?\\d+)${MARK}(?: ?(?:/|out of) ?${MARK}100)?${MARK}\\.?${MARK}$`,
  'i',
);

/**
 * Reads the score in a judge's reply: one integer from 0 to 100 in a form that leaves no doubt, which the whole reply has.
 * Those are `85`, `85.`, `**85**`, `85/100`, `85 out of 100`, `Score: 85`, `{"score": 85}`, each alone or in a fenced block
 * and after closed thoughts (`<think>…</think>`). Anything else is no score, never a guess: of "8/10" nobody can say
 * which number is meant, and a reply that was cut off may lack digits.
 */
export function readScore(reply: string, end: ReplyEnd): Reading {
  const { text, reason } = answerOf(reply, end);
  if (reason !== undefined) return none(reason);
  if (text.startsWith('{')) return ofJson(text);
  const number = FORM.exec(text)?.[1];
  return number === undefined ? none(whyNone(text)) : onScale(Number(number));
}

/** What a reply says after its thoughts and without a fence around it, or the reason why it says nothing. */
export function answerOf(
  reply: string,
  end: ReplyEnd,
):
  | { readonly text: string; readonly reason?: undefined }
  | { readonly text?: undefined; readonly reason: string } {
  if (end === 'length') return { reason: 'the reply was cut off at its greatest length' };
  if (reply.trim() === '') return { reason: 'the reply is empty' };
  const answer = reply.replace(THOUGHTS, '').trim();
  if (THOUGHT_MARK.test(answer)) return { reason: 'the thoughts of the reply do not end' };
  if (answer === '') return { reason: 'the reply holds thoughts and no answer' };
  return { text: (FENCED.exec(answer)?.[1] ?? answer).trim() };
}

/** `{"score": 85}`, with other properties next to it. */
function ofJson(text: string): Reading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return none('the reply begins as JSON and is none');
  }
  const score = isObject(value) && Object.hasOwn(value, 'score') ? value.score : undefined;
  if (score === undefined) return none('the JSON of the reply has no "score"');
  // JSON.parse takes the last of two; who wrote both meant either.
  if ((text.match(/"score"\s*:/g) ?? []).length > 1) return none('the JSON of the reply has several scores');
  if (typeof score === 'number' && Number.isInteger(score)) return onScale(score);
  return none('the "score" of the reply is not an integer');
}

function onScale(score: number): Reading {
  // `+ 0` turns -0 into 0.
  return score >= 0 && score <= 100 ? { score: score + 0 } : none('the number is not from 0 to 100');
}

function whyNone(text: string): string {
  const numbers = text.match(/\d+(\.\d+)?/g) ?? [];
  if (numbers.length > 1) return 'the reply holds several numbers';
  if (numbers.length === 0) return 'the reply holds no number';
  return 'the reply is more than a score';
}

function none(reason: string): Reading {
  return { score: null, reason };
}
