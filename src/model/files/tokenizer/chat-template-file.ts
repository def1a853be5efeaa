import { readFile, stat } from 'node:fs/promises';
import { isObject } from '../../../contract/json.ts';
import { StageError } from '../../../contract/stage-context.ts';
import { ChatTemplate, type ChatTemplateSource } from '../../../text/chat/chat-template.ts';
import { type Chat, chatOf } from '../../../text/chat/conversation-tokens.ts';
import type { ModelFolder } from '../folder-weights.ts';
import { readJsonObject } from '../json-file.ts';
import { ModelFileError } from '../model-file-error.ts';
import type { ModelTokenizer } from './model-tokenizer.ts';
import { ROLES, SETTINGS, SPECIAL } from './special-tokens.ts';

const TEMPLATE = 'chat_template.jinja';
/** A hundred times that of the longest template in use. */
const MAX_BYTES = 2 ** 20;

/**
 * The chat template of a model folder, in the order of transformers: chat_template.jinja, or of tokenizer_config.json, where several
 * have names the one called `default`. Undefined where there is none. Throws ModelFileError.
 */
export async function readChatTemplate(folder: ModelFolder): Promise<ChatTemplateSource | undefined> {
  const [own, settings, special] = [TEMPLATE, SETTINGS, SPECIAL].map((name) => folder.file(name));
  const values = settings === undefined ? {} : await readJsonObject(settings, SETTINGS);
  const more = special === undefined ? {} : await readJsonObject(special, SPECIAL);
  const template = own === undefined ? templateIn(Object(values).chat_template) : await readTemplate(own);
  return template === undefined ? undefined : { template, roles: rolesOf({ ...more, ...values }) };
}

/**
 * What writes the conversations of a model. Throws StageError where the model has no chat template, or one that cannot be
 * rendered.
 */
export async function readChat(
  folder: ModelFolder,
  { tokenizer, vocabulary }: ModelTokenizer,
): Promise<Chat> {
  const source = await readChatTemplate(folder);
  if (source === undefined)
    throw new StageError('The model has no chat template, and the records are conversations for one.', {
      hint: 'Choose a model that was made for chat, add chat_template.jinja to its folder, or use another prompt style, such as `chatml`.',
    });
  const { tokens, special, added } = await vocabulary();
  const steering = special.size > 0 ? special : added;
  const marks = [...steering].flatMap((id) => tokens[id] ?? []);
  return chatOf(new ChatTemplate(source), tokenizer, marks);
}

async function readTemplate(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size > MAX_BYTES) throw ModelFileError.of(TEMPLATE, `${size} bytes are too many for it`);
  return await readFile(path, 'utf8');
}

function templateIn(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const named: unknown = value.find((one: unknown) => isObject(one) && one.name === 'default');
  return isObject(named) && typeof named.template === 'string' ? named.template : undefined;
}

function rolesOf(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    ROLES.flatMap((role) => {
      const value = values[role];
      const text = isObject(value) ? value.content : value;
      return typeof text === 'string' ? [[role, text] as const] : [];
    }),
  );
}
