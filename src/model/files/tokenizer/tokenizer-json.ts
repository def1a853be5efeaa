import { readJsonObject } from '../json-file.ts';
import { ModelFileError } from '../model-file-error.ts';
import {
  type FolderToken,
  type FolderVocabulary,
  folderVocabulary,
  isTokenId,
  shown,
} from './folder-vocabulary.ts';
import { MAX_VOCABULARY_BYTES } from './vocabulary-files.ts';

/** The file of the library `tokenizers` (https://huggingface.co/docs/tokenizers). */
export const TOKENIZER = 'tokenizer.json';

type Values = Readonly<Record<string, unknown>>;

/**
 * Reads a tokenizer.json whose tokenizer is of the kind of GPT-2: byte pairs on GPT-2's pieces of a text. Throws ModelFileError for
 * every other part that would give other ids. `others`: tokens that other files of the folder add.
 */
export async function readTokenizerJson(
  path: string,
  others: (vocabulary: Values) => readonly FolderToken[],
): Promise<FolderVocabulary> {
  const { model, added_tokens, ...parts } = await readJsonObject(path, TOKENIZER, MAX_VOCABULARY_BYTES);
  checkParts(parts);
  if (!isObject(model)) throw ModelFileError.of(TOKENIZER, 'there is no model');
  checkModel(model);
  const { vocab, merges } = model;
  if (!isObject(vocab)) throw ModelFileError.of(TOKENIZER, 'its model has no vocab');
  if (!Array.isArray(merges)) throw ModelFileError.of(TOKENIZER, 'its model has no merges');
  const own = addedTokens(added_tokens ?? []);
  const ids = new Set(own.map(({ id }) => id));
  const added = [...own, ...others(vocab).filter(({ id }) => !ids.has(id))];
  return folderVocabulary(TOKENIZER, vocab, TOKENIZER, merges.map(pairOf), added);
}

function pairOf(merge: unknown, i: number): readonly [string, string] {
  const parts: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
  const [left, right, ...more]: unknown[] = Array.isArray(parts) ? parts : [];
  if (typeof left === 'string' && typeof right === 'string' && more.length === 0) return [left, right];
  throw ModelFileError.of(TOKENIZER, `merge ${i + 1}, ${shown(merge)}, is not two tokens`);
}

/** What changes a text before or after byte pairs, which must be nothing, or what GPT-2 does. */
function checkParts({ normalizer, pre_tokenizer, post_processor }: Values): void {
  if (isObject(normalizer)) throw unknownPart('normalizer', normalizer);
  const pieces = onlyOneOf(pre_tokenizer, 'pretokenizers');
  if (!isObject(pieces) || pieces.type !== 'ByteLevel') throw unknownPart('pre_tokenizer', pre_tokenizer);
  if (pieces.add_prefix_space === true) {
    throw ModelFileError.of(
      TOKENIZER,
      'it puts a space before each text (add_prefix_space), which is not supported',
    );
  }
  if (pieces.use_regex === false) throw unknownPart('pre_tokenizer without a pattern', pre_tokenizer);
  const after = onlyOneOf(post_processor, 'processors');
  if (isObject(after) && after.type !== 'ByteLevel' && addsTokens(after))
    throw unknownPart('post_processor', after);
}

/** A template that adds nothing to a text is written by some versions of transformers. */
function addsTokens({ type, single }: Values): boolean {
  if (type !== 'TemplateProcessing' || !Array.isArray(single)) return true;
  return single.some((part) => isObject(part) && !('Sequence' in part));
}

function onlyOneOf(part: unknown, list: string): unknown {
  if (!isObject(part) || part.type !== 'Sequence') return part;
  const parts = part[list];
  return Array.isArray(parts) && parts.length === 1 ? parts[0] : part;
}

function checkModel(model: Values): void {
  const {
    type = 'BPE',
    dropout,
    continuing_subword_prefix,
    end_of_word_suffix,
    byte_fallback,
    ignore_merges,
  } = model;
  if (type !== 'BPE') throw unknownPart('model', model);
  const settings = { dropout, continuing_subword_prefix, end_of_word_suffix, byte_fallback, ignore_merges };
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined || value === null || value === '' || value === false || value === 0) continue;
    throw ModelFileError.of(TOKENIZER, `its model has ${name} ${shown(value)}, which is not supported`);
  }
}

function unknownPart(name: string, value: unknown): ModelFileError {
  const is = isObject(value) ? shown(value.type) : shown(value);
  return ModelFileError.of(
    TOKENIZER,
    `its ${name} is ${is}, which is not supported`,
    'Only tokenizers of the kind of GPT-2 are read: byte pairs on the pieces that GPT-2 cuts a text into.',
  );
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
  if (single_word === true) {
    throw ModelFileError.of(
      file,
      `the added token ${shown(content)} counts only as a word of its own (single_word), which is not supported`,
    );
  }
  return {
    id,
    text: content,
    special: special === true,
    ...(lstrip === true && { takesLeft: true }),
    ...(rstrip === true && { takesRight: true }),
    ...(normalized === true && { later: true }),
  };
}

export function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
