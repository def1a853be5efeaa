import { textTemplate } from './jinja.ts';
import type { PromptStyle } from './prompt-style-schema.ts';

/** One instruction with its expected answer; an empty `input` means that there is none. */
export interface InstructionItem {
  readonly instruction: string;
  readonly input: string;
  readonly output: string;
}

/**
 * What the model is given before it replies: everything up to the header of the response.
 * Throws with the name of the template where that is not valid Jinja.
 */
export function renderPrompt(style: PromptStyle, item: Omit<InstructionItem, 'output'>): string {
  return render('prompt', style.prompt, { instruction: item.instruction, input: item.input });
}

/** What follows the prompt in a training text: prompt + response is the whole text. */
export function renderResponse(style: PromptStyle, item: InstructionItem): string {
  return render('response', style.response, {
    instruction: item.instruction,
    input: item.input,
    output: item.output,
  });
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

function render(
  name: 'prompt' | 'response',
  template: string,
  values: Readonly<Record<string, string>>,
): string {
  return textTemplate(`The template \`${name}\` of the prompt style`, template)(values);
}
