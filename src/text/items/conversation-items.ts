import type { Turn } from '../turns.ts';
import type { DataItem } from './data-item.ts';

/** Which turns of a conversation are answers to learn: the assistant's last, or each. */
export type Turns = 'last' | 'each';

/** What a conversation comes to. */
export interface ConversationItems {
  readonly items: readonly DataItem[];
  /** Turns that are in no item: those after the last answer, and answers that nobody asked for. */
  readonly dropped: number;
}

/**
 * The items of a conversation: an item asks what the user said right before the assistant speaks, with the turns before
 * as its history. One without the assistant is a prompt alone. Gives a text, the end of a sentence that begins with the
 * conversation's name, where it is wrong.
 */
export function conversationItems(turns: readonly Turn[], which: Turns): ConversationItems | string {
  const system = turns.slice(
    0,
    turns.findIndex(({ role }) => role !== 'system'),
  );
  const spoken = turns.slice(system.length);
  const answers = spoken.flatMap(({ role }, place) => (role === 'assistant' ? [place] : []));
  const last = answers.at(-1) ?? spoken.length;
  const wanted = which === 'last' || answers.length === 0 ? [last] : answers;
  const asked = wanted.filter((place) => spoken[place - 1]?.role === 'user');
  if (asked.length === 0)
    return `has no message of the user right before ${answers.length === 0 ? 'its end' : 'that of the assistant'}`;
  const items = asked.map((place): DataItem => {
    const answer = spoken[place];
    const history = spoken.slice(0, place - 1);
    return {
      instruction: spoken[place - 1]!.content,
      input: '',
      ...(answer && { output: answer.content }),
      ...(system.length > 0 && { system: system.map(({ content }) => content).join('\n\n') }),
      ...(history.length > 0 && { history }),
    };
  });
  const after = Math.max(0, spoken.length - 1 - last);
  return { items, dropped: after + wanted.length - asked.length };
}
