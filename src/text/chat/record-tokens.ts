import { StageError } from '../../contract/stage-context.ts';
import type { InstructionRecord } from '../records.ts';
import { questionTurns } from './chat-template.ts';
import {
  type Chat,
  type ConversationTokens,
  conversationTokens,
  questionTokens,
} from './conversation-tokens.ts';

/** The tokens of a record that is a conversation, with this response. Throws StageError that says which record. */
export function recordTokens(chat: Chat, record: InstructionRecord, response: string): ConversationTokens {
  const turns = [...questionTurns(record), { role: 'assistant' as const, content: response }];
  return ofRecord(record, () => conversationTokens(chat, turns, record.chat_turns ?? 'last'));
}

/** The tokens that ask for the response of a record that is a conversation. Throws StageError that says which record. */
export function promptTokens(chat: Chat, record: InstructionRecord): Int32Array {
  return ofRecord(record, () => questionTokens(chat, questionTurns(record)));
}

function ofRecord<Result>({ id }: InstructionRecord, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof StageError)) throw error;
    throw new StageError(`Record ${id}: ${error.message}`, { ...(error.hint && { hint: error.hint }) });
  }
}
