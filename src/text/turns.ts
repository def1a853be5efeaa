import { isObject } from '../contract/json.ts';

/** One message of a conversation. */
export type Turn = {
  readonly role: Role;
  readonly content: string;
};
export type Role = 'system' | 'user' | 'assistant';

/** What the forms in use call the speakers: OpenAI's messages, and ShareGPT's `from`. */
const ROLES: ReadonlyMap<unknown, Role> = new Map<unknown, Role>([
  ['system', 'system'],
  ['developer', 'system'],
  ['user', 'user'],
  ['human', 'user'],
  ['prompter', 'user'],
  ['assistant', 'assistant'],
  ['gpt', 'assistant'],
  ['model', 'assistant'],
  ['bot', 'assistant'],
  ['chatgpt', 'assistant'],
]);

/** Whether a value is a list of messages, by its first: {role, content} of OpenAI or {from, value} of ShareGPT. */
export function isTurns(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const [first] = value;
  return isObject(first) && ('role' in first || 'from' in first) && ('content' in first || 'value' in first);
}

/** The messages of a conversation, or what is wrong with them, as the end of a sentence that begins with their name. */
export function readTurns(value: unknown): readonly Turn[] | string {
  if (!Array.isArray(value)) return 'is not a list of messages';
  if (value.length === 0) return 'is an empty conversation';
  const turns: Turn[] = [];
  for (const [place, message] of value.entries()) {
    if (!isObject(message)) return `has a message ${place} that is not an object`;
    const speaker = message.role ?? message.from;
    const role = ROLES.get(typeof speaker === 'string' ? speaker.toLowerCase() : speaker);
    if (role === undefined)
      return `has a message ${place} by ${JSON.stringify(speaker) ?? 'nobody'}; system, user and assistant are read`;
    const content = contentOf(message.content ?? message.value);
    if (content === undefined) return `has a message ${place} without a text`;
    turns.push({ role, content });
  }
  return turns;
}

/** A text, or OpenAI's list of parts where all are texts. */
function contentOf(content: unknown): string | undefined {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content) || content.length === 0) return undefined;
  const texts = content.map((part) => (isObject(part) ? part.text : undefined));
  return texts.every((text) => typeof text === 'string') ? texts.join('') : undefined;
}
