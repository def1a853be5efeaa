import type { JsonObject } from '../../../contract/json.ts';
import type { ReplyEnd } from './read-score.ts';

/** One question to a language model. */
export interface Question {
  readonly text: string;
  /** A score, in whatever form the settings ask for, or a verdict in free text. */
  readonly asks: 'score' | 'verdict';
  /** How often the same was asked before in vain: a model that samples is given another seed. */
  readonly repeat: number;
}

/** A reply as it is kept: it is read anew each time, so a better reader needs no new reply. */
export type ModelReply = JsonObject & {
  readonly content: string;
  readonly end: ReplyEnd;
  /** Tokens of the question, as the server counted them. */
  readonly prompt_tokens?: number;
  /** Tokens of the reply and its thoughts, as the server counted them. */
  readonly reply_tokens?: number;
};

/** A language model that can be asked, wherever it is. */
export interface LanguageModel {
  /** All that decides a reply besides the question; part of the key under which replies are kept. */
  readonly identity: JsonObject;
  /** Tokens that question and reply may have together, if that is known, and the setting that says so. */
  readonly context?: { readonly tokens: number; readonly setting: string } | undefined;
  /** Throws UnfinishedReply or QuestionTooLong for what says nothing of other questions, and StageError. */
  ask(question: Question, signal: AbortSignal): Promise<ModelReply>;
}

/** How the reason begins why a response has no score whose question is too long. */
export const DOES_NOT_FIT = "the question does not fit into the model's context";

/** A reply that did not end in time. Another machine may be faster, so it is not kept. */
export class UnfinishedReply extends Error {
  override readonly name = 'UnfinishedReply';
  readonly content: string;
  constructor(content: string, seconds: number) {
    super(`the reply did not end within ${seconds} s`);
    this.content = content;
  }
}

/** The server says that the question does not fit into the model's context. */
export class QuestionTooLong extends Error {
  override readonly name = 'QuestionTooLong';
}
