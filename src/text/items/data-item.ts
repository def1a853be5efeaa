import type { Json } from '../../contract/json.ts';
import { StageError } from '../../contract/stage-context.ts';
import type { Turn } from '../turns.ts';

/** One exchange of the data, in whatever shape it came: what is asked, and what the answer should be. */
export interface DataItem {
  readonly instruction: string;
  /** Empty where the instruction needs no input. */
  readonly input: string;
  /** Unset where the data has prompts alone. */
  readonly output?: string;
  /** Of a preference pair: the answer that is not wanted. */
  readonly rejected?: string;
  /** What a conversation begins with, before anybody speaks. */
  readonly system?: string;
  /** The turns of a conversation before the instruction; unset where there are none. */
  readonly history?: readonly Turn[];
  /** Index of the conversation, where each of its turns is an item. */
  readonly conversation?: number;
  /** Further fields that the item is to keep. */
  readonly kept?: Readonly<Record<string, Json>>;
}

/** Something is wrong with one item of the data; the message says what and where. */
export class ItemFault extends Error {}

/** Errors of templates do not know which item they were rendered for: `where` names it in them. */
export function namingItem<Result>(where: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof StageError)) throw error;
    throw new StageError(`${where}: ${error.message}`, {
      ...(error.hint !== undefined && { hint: error.hint }),
    });
  }
}
