import { isObject, type Json } from '../../../contract/json.ts';
import { compiledParts, type TokenizerParts } from '../../../text/tokenizer/parts/tokenizer-parts.ts';
import { stepsOf } from '../../../text/tokenizer/parts/unsupported-part.ts';
import { readJsonObject } from '../json-file.ts';
import { ModelFileError } from '../model-file-error.ts';
import {
  type FolderToken,
  type FolderVocabulary,
  folderVocabulary,
  isTokenId,
  shown,
  within,
} from './folder-vocabulary.ts';
import { type TokenizerSettings, withSettings } from './tokenizer-settings.ts';
import { MAX_VOCABULARY_BYTES } from './vocabulary-files.ts';

/** The file of the library `tokenizers` (https://huggingface.co/docs/tokenizers). */
export const TOKENIZER = 'tokenizer.json';

type Values = Readonly<Record<string, unknown>>;

/**
 * Reads a tokenizer.json of pairs (BPE), on bytes or on characters. Throws ModelFileError for every part that would give other ids
 * than the library gives. `others`: tokens that other files of the folder add; `settings`: what else they say.
 */
export async function readTokenizerJson(
  path: string,
  others: (vocabulary: Values) => readonly FolderToken[],
  settings: TokenizerSettings,
): Promise<FolderVocabulary> {
  const { model, added_tokens, ...parts } = await readJsonObject(path, TOKENIZER, MAX_VOCABULARY_BYTES);
  if (!isObject(model)) throw ModelFileError.of(TOKENIZER, 'there is no model');
  checkModel(model);
  const { vocab, merges } = model;
  if (!isObject(vocab)) throw ModelFileError.of(TOKENIZER, 'its model has no vocab');
  if (!Array.isArray(merges)) throw ModelFileError.of(TOKENIZER, 'its model has no merges');
  const own = addedTokens(added_tokens ?? []);
  const ids = new Set(own.map(({ id }) => id));
  const added = [...own, ...others(vocab).filter(({ id }) => !ids.has(id))];
  const known = new Map([...Object.entries(vocab), ...added.map(({ text, id }) => [text, id] as const)]);
  const whole = withSettings(partsOf(parts, model), settings, known);
  return folderVocabulary(TOKENIZER, vocab, TOKENIZER, merges.map(pairOf), added, whole);
}

function pairOf(merge: unknown, i: number): readonly [string, string] {
  const parts: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
  const [left, right, ...more]: unknown[] = Array.isArray(parts) ? parts : [];
  if (typeof left === 'string' && typeof right === 'string' && more.length === 0) return [left, right];
  throw ModelFileError.of(TOKENIZER, `merge ${i + 1}, ${shown(merge)}, is not two tokens`);
}

/** The parts that are not the vocabulary; undefined where they are GPT-2's. */
function partsOf(values: Values, model: Values): TokenizerParts | undefined {
  const { normalizer = null, pre_tokenizer = null, post_processor = null, decoder = null } = values;
  const { byte_fallback, unk_token, fuse_unk, ignore_merges } = model;
  const parts = {
    normalizer: asJson(normalizer),
    pre_tokenizer: asJson(pre_tokenizer),
    post_processor: asJson(post_processor),
    decoder: asJson(decoder),
    byte_fallback: byte_fallback === true,
    unk_token: typeof unk_token === 'string' ? unk_token : null,
    fuse_unk: fuse_unk === true,
    ignore_merges: ignore_merges === true,
  };
  return within(TOKENIZER, () => (isLikeGpt2(parts) ? undefined : parts));
}

/** Whether they give the ids that GPT-2's parts give, of any vocabulary that has every byte. */
function isLikeGpt2(parts: TokenizerParts): boolean {
  const [pieces, ...more] = stepsOf(parts.pre_tokenizer, 'pretokenizers');
  const like = pieces?.type === 'ByteLevel' && more.length === 0;
  const plain = pieces?.add_prefix_space !== true && pieces?.use_regex !== false;
  const { beginning, wholeFirst } = compiledParts(parts);
  return like && plain && parts.normalizer === null && beginning.length === 0 && !wholeFirst;
}

/** A value that was read from JSON. */
function asJson(value: unknown): Json {
  return value as Json;
}

function checkModel(model: Values): void {
  const { type = 'BPE', dropout, continuing_subword_prefix, end_of_word_suffix } = model;
  if (type !== 'BPE')
    throw ModelFileError.of(
      TOKENIZER,
      `its model is ${shown(type)}, which is not supported`,
      'Only BPE is read: pairs on bytes or on characters.',
    );
  for (const [name, value] of Object.entries({ dropout, continuing_subword_prefix, end_of_word_suffix })) {
    if (value === undefined || value === null || value === '' || value === false || value === 0) continue;
    throw ModelFileError.of(TOKENIZER, `its model has ${name} ${shown(value)}, which is not supported`);
  }
}

function addedTokens(list: unknown): FolderToken[] {
  if (!Array.isArray(list)) throw ModelFileError.of(TOKENIZER, 'its added_tokens is not a list');
  return list.map((entry) => addedToken(TOKENIZER, Object(entry).id, entry));
}

/** An added token as tokenizer.json and tokenizer_config.json describe it. Throws ModelFileError. */
export function addedToken(file: string, id: unknown, entry: unknown): FolderToken {
  const { content, single_word, lstrip, rstrip, normalized, special }: Values = Object(entry);
  if (!isTokenId(id) || typeof content !== 'string' || content === '')
    throw ModelFileError.of(file, `an added token is ${shown(entry)}: it needs an id and a text`);
  return {
    id,
    text: content,
    special: special === true,
    ...(lstrip === true && { takesLeft: true }),
    ...(rstrip === true && { takesRight: true }),
    ...(single_word === true && { wholeWord: true }),
    ...(normalized === true && { later: true }),
  };
}
