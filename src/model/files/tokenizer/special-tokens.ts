import { isObject } from '../../../contract/json.ts';
import { END_OF_TEXT } from '../../../text/tokenizer/tokenizer.ts';
import type { ModelFolder } from '../folder-weights.ts';
import { readJsonObject } from '../json-file.ts';
import { ModelFileError } from '../model-file-error.ts';
import { type FolderToken, isTokenId, shown } from './folder-vocabulary.ts';
import { addedToken } from './tokenizer-json.ts';
import { type TokenizerSettings, tokenizerSettings } from './tokenizer-settings.ts';

const ADDED = 'added_tokens.json';
export const SETTINGS = 'tokenizer_config.json';
export const SPECIAL = 'special_tokens_map.json';

/** Tokens with a role, as tokenizer_config.json and special_tokens_map.json name them. */
export const ROLES = [
  'bos_token',
  'eos_token',
  'unk_token',
  'pad_token',
  'sep_token',
  'cls_token',
  'mask_token',
];

/** What the small files next to a vocabulary say of its tokens. */
export interface SpecialTokens {
  /** Tokens with ids of their own. */
  readonly added: readonly FolderToken[];
  /** Those, and tokens of a vocabulary that have a role: they stand for their text, too. */
  in(vocabulary: Readonly<Record<string, unknown>>): readonly FolderToken[];
  readonly settings: TokenizerSettings;
}

/**
 * Reads added_tokens.json, tokenizer_config.json and special_tokens_map.json as far as they are there. Throws ModelFileError
 * where they ask for what would give other ids than `transformers` gives.
 */
export async function readSpecialTokens(folder: ModelFolder): Promise<SpecialTokens> {
  const settings = await optional(folder, SETTINGS);
  checkClass(settings);
  if (settings.add_eos_token === true)
    throw ModelFileError.of(SETTINGS, 'add_eos_token is true, which is not supported');
  const added = new Map<number, FolderToken>();
  const decoder = settings.added_tokens_decoder;
  for (const [id, entry] of Object.entries(isObject(decoder) ? decoder : {}))
    added.set(Number(id), addedToken(SETTINGS, Number(id), entry));
  for (const [text, id] of Object.entries(await optional(folder, ADDED))) {
    if (!isTokenId(id) || text === '')
      throw ModelFileError.of(ADDED, `token ${shown(text)} has the id ${shown(id)}, which is none`);
    const known = added.get(id);
    if (known !== undefined && known.text !== text)
      throw ModelFileError.of(
        ADDED,
        `token ${id} is ${shown(text)}, in ${SETTINGS} it is ${shown(known.text)}`,
      );
    if (known === undefined) added.set(id, { id, text, special: false, later: true });
  }
  const roles = new Set([END_OF_TEXT, ...rolesIn(settings), ...rolesIn(await optional(folder, SPECIAL))]);
  const own = [...added.values()].map((token) => (roles.has(token.text) ? withRole(token) : token));
  return {
    added: own,
    settings: tokenizerSettings(SETTINGS, settings),
    in(vocabulary) {
      const named = [...roles].flatMap((text): FolderToken[] => {
        const id = Object.hasOwn(vocabulary, text) ? vocabulary[text] : undefined;
        return isTokenId(id) && !added.has(id) ? [{ id, text, special: true }] : [];
      });
      return [...own, ...named];
    },
  };
}

/** Classes of transformers whose tokenizers are what their files say. */
const CLASSES =
  /^(GPT2|PreTrained|CodeGen|Llama|Qwen2|Gemma)Tokenizer(Fast)?$|^(PreTrainedTokenizerFast|TokenizersBackend)$/;

/** Other classes change texts in ways of their own, whatever their files say. */
function checkClass({ tokenizer_class, auto_map }: Readonly<Record<string, unknown>>): void {
  if (auto_map !== undefined && auto_map !== null) {
    throw ModelFileError.of(SETTINGS, 'the tokenizer is code of its own (auto_map), which is not run');
  }
  if (tokenizer_class === undefined || tokenizer_class === null) return;
  if (typeof tokenizer_class === 'string' && CLASSES.test(tokenizer_class)) return;
  throw ModelFileError.of(
    SETTINGS,
    `tokenizer_class is ${shown(tokenizer_class)}, which is not supported`,
    'Known are GPT2Tokenizer, LlamaTokenizer, Qwen2Tokenizer, GemmaTokenizer, CodeGenTokenizer, PreTrainedTokenizer and TokenizersBackend.',
  );
}

/** A token with a role is looked for first. */
function withRole({ later: _, ...token }: FolderToken): FolderToken {
  return { ...token, special: true };
}

function rolesIn(values: Readonly<Record<string, unknown>>): string[] {
  return ROLES.flatMap((role) => {
    const value = values[role];
    const text = isObject(value) ? value.content : value;
    return typeof text === 'string' && text !== '' ? [text] : [];
  });
}

async function optional(folder: ModelFolder, name: string): Promise<Readonly<Record<string, unknown>>> {
  const path = folder.file(name);
  return path === undefined ? {} : await readJsonObject(path, name);
}
