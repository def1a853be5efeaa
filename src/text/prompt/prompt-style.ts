import type { Json } from '../../contract/json.ts';
import type { Turn } from '../turns.ts';
import { namesIn, type TextTemplate, textTemplate } from './jinja.ts';
import type { PromptStyle } from './prompt-style-schema.ts';

/** One instruction with its expected answer; an empty `input` means that there is none. */
export interface InstructionItem {
  readonly instruction: string;
  readonly input: string;
  readonly output: string;
}

/** What a prompt style renders before the answer. */
export interface PromptItem extends Omit<InstructionItem, 'output'> {
  /** What a conversation begins with; by default empty. */
  readonly system?: string;
  /** The turns before the instruction; by default none. */
  readonly history?: readonly Turn[];
}

/**
 * What the model is given before it replies: everything up to the header of the response.
 * Throws with the name of the template where that is not valid Jinja.
 */
export function renderPrompt(style: PromptStyle, item: PromptItem): string {
  return templatesOf(style).prompt(valuesOf(item));
}

/** What follows the prompt in a training text: prompt + response is the whole text. */
export function renderResponse(style: PromptStyle, item: PromptItem & { readonly output: string }): string {
  return templatesOf(style).response({ ...valuesOf(item), output: item.output });
}

/** Whether a prompt style mentions what some conversations have. */
export function rendersValue(
  { prompt, response, chat_template }: PromptStyle,
  name: 'system' | 'history',
): boolean {
  if (chat_template === 'model') return true;
  return namesIn(prompt).has(name) || namesIn(response).has(name);
}

/**
 * The answer in the text that a model wrote after a prompt: ends before the first stop text, without the
 * header, without white space around it (as the book does it: `.replace("### Response:", "").strip()`).
 */
export function cutReply(style: PromptStyle, text: string): string {
  const reply = text.slice(0, firstStop(style, text));
  return (style.header === '' ? reply : reply.replaceAll(style.header, '')).trim();
}

/** Whether `cutReply` gives the same however the text continues, because it holds a stop text. */
export function isStopped(style: PromptStyle, text: string): boolean {
  // A character of which some bytes are still to come has been decoded to replacement characters.
  const known = text.replace(/\uFFFD+$/, '');
  const longest = Math.max(0, ...style.stop.map((stop) => stop.length));
  const at = firstStop(style, known);
  // Another stop text may begin before the one that is seen, and be complete only later.
  return at < known.length && at + longest <= known.length;
}

/** Where the first stop text begins; the length of the text if there is none. */
function firstStop({ stop }: PromptStyle, text: string): number {
  return Math.min(text.length, ...stop.map((stop) => text.indexOf(stop)).filter((at) => at >= 0));
}

function valuesOf({ instruction, input, system = '', history = [] }: PromptItem): Record<string, Json> {
  return { instruction, input, system, history: history.map(({ role, content }) => ({ role, content })) };
}

interface Templates {
  readonly prompt: TextTemplate;
  readonly response: TextTemplate;
}

/** Compiled once a style, for data of millions of records. */
const COMPILED = new WeakMap<PromptStyle, Templates>();

function templatesOf(style: PromptStyle): Templates {
  const known = COMPILED.get(style);
  if (known) return known;
  const compiled = (name: keyof Templates) =>
    textTemplate(`The template \`${name}\` of the prompt style`, style[name]);
  const templates = { prompt: compiled('prompt'), response: compiled('response') };
  COMPILED.set(style, templates);
  return templates;
}
