import { isObject } from '../../../contract/json.ts';
import { StageError } from '../../../contract/stage-context.ts';
import { type Response, readResponses } from '../../../text/responses.ts';
import type { Judgement } from '../../../text/scores.ts';
import type { JudgeContext } from '../judge-contract.ts';
import { answerOf, type ReplyEnd } from './read-score.ts';

type Scored = Omit<Judgement, 'index'>;

/** Where one of two responses stands in a question. */
export type Place = 'A' | 'B';

const MARK = '(?:\\*{1,3}|_{1,3}|`)?';
/** A label in front, and the name of the winner. */
const FORM = new RegExp(
  `^${MARK}(?:(?:the )?(?:winner|answer|verdict|better response)${MARK} ?(?:is|:|=)${MARK}\\s*)?` +
    `${MARK}(?:\\[\\[)?(A|B|tie)(?:\\]\\])?${MARK}\\.?${MARK}$`,
  'i',
);

/**
 * Reads which of two responses a reply prefers: `A`, `B` or `tie`, in a form that leaves no doubt and that the whole reply
 * has, as `readScore` reads numbers: `**A**`, `Winner: A`, `[[A]]`, `{"winner": "A"}`. The score is that of the response
 * at `place`: 100 if it won, 50 for a tie, 0 if it lost.
 */
export function readPreference(reply: string, end: ReplyEnd, place: Place): Scored {
  const { text, reason } = answerOf(reply, end);
  if (reason !== undefined) return { score: null, reason };
  const winner = FORM.exec(text.startsWith('{') ? winnerIn(text) : text)?.[1]?.toUpperCase();
  if (winner === undefined) return { score: null, reason: 'the reply names neither A nor B nor a tie' };
  if (winner === 'TIE') return { score: 50 };
  return { score: winner === place ? 100 : 0 };
}

/** The `winner` of a JSON reply; empty if it has none. */
function winnerIn(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && typeof value.winner === 'string' ? value.winner : '';
  } catch {
    return '';
  }
}

/**
 * The score of a response from those of both orders, in which it stood first and second: their mean. Null if one has none,
 * because the order may have decided the other.
 */
export function scoreOfOrders(orders: [asFirst: Scored, asSecond: Scored]): Scored {
  const [first, second] = orders;
  if (first.score === null) return { score: null, reason: `as the first of two: ${first.reason}`, orders };
  if (second.score === null) return { score: null, reason: `as the second of two: ${second.reason}`, orders };
  return { score: (first.score + second.score) / 2, orders };
}

/**
 * The responses that ours are compared with, in the order of ours. Throws StageError if there are none, or if they answer
 * other questions.
 */
export async function readOtherResponses(inputs: JudgeContext['inputs']): Promise<readonly Response[]> {
  const hint =
    'Give responses to the same instructions and inputs, in the same order, as the input `other_responses`.';
  if (!inputs.other_responses) throw new StageError('A pairwise judge needs other responses.', { hint });
  const others = await named(readResponses(inputs.other_responses.path));
  const ours = await readResponses(inputs.responses!.path);
  const length = Math.max(ours.length, others.length);
  for (let item = 0; item < length; item++) {
    const [one, other] = [ours[item], others[item]];
    if (one?.instruction === other?.instruction && one?.input === other?.input) continue;
    throw new StageError(`Item ${item} of the input \`other_responses\` answers another question.`, { hint });
  }
  return others;
}

/** Errors of reading name the input `responses`; here it is the other one. */
async function named<Result>(reading: Promise<Result>): Promise<Result> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof StageError)) throw error;
    throw new StageError(error.message.replace('`responses`', '`other_responses`'), {
      ...(error.hint !== undefined && { hint: error.hint }),
    });
  }
}
