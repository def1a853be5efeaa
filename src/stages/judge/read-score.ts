import type { Judgement } from '../../text/scores.ts';

/**
 * Reads the score in a judge's reply to "respond with the integer number only": the whole reply, less white space around it, is one integer from 0 to
 * 100. Anything else is no score, never a guess: of "85 out of 100" or "8/10" nobody can say which number is
 * meant, and a reply that was cut off may lack digits.
 */
export function readScore(
  reply: string,
  doneReason: string | undefined,
): Pick<Judgement, 'score' | 'reason'> {
  const text = reply.trim();
  if (doneReason === 'length') return { score: null, reason: 'the reply was cut off at its greatest length' };
  if (text === '') return { score: null, reason: 'the reply is empty' };
  if (/^[+-]?\d+$/.test(text)) {
    const score = Number(text);
    // `+ 0` turns -0 into 0.
    return score >= 0 && score <= 100
      ? { score: score + 0 }
      : { score: null, reason: 'the number is not from 0 to 100' };
  }
  const numbers = text.match(/\d+(\.\d+)?/g) ?? [];
  if (numbers.length > 1) return { score: null, reason: 'the reply holds several numbers' };
  if (numbers.length === 0) return { score: null, reason: 'the reply holds no number' };
  return { score: null, reason: 'the reply is not a bare integer' };
}
