import type { JsonObject } from '../../../contract/json.ts';

/** What a program made of one response. Numbers besides the score are measures of its own. */
export type Answer = JsonObject & { readonly score: number | null };

const TEXTS = ['reason', 'reply', 'rationale'];

/** The answer in a program's line; a score that is none becomes null with its reason. */
export function answerOf({ index: _, score, ...rest }: JsonObject): Answer {
  const kept = Object.entries(rest).filter(([name, value]) =>
    TEXTS.includes(name) ? typeof value === 'string' : typeof value === 'number',
  );
  const own: JsonObject = Object.fromEntries(kept);
  if (typeof score === 'number' && score >= 0 && score <= 100) return { score, ...own };
  if (score === null) return { reason: 'the program gave no score', ...own, score };
  return { ...own, score: null, reason: 'its score is not a number from 0 to 100' };
}
