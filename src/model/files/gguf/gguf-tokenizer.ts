import { canonicalJson } from '../../../contract/canonical-json.ts';
import type { Json } from '../../../contract/json.ts';
import {
  compiledParts,
  GPT2_PARTS,
  type TokenizerParts,
} from '../../../text/tokenizer/parts/tokenizer-parts.ts';
import type { ModelConfig } from '../../families/model-config.ts';
import { ModelFileError } from '../model-file-error.ts';
import type { Vocabulary } from '../tokenizer/encoding-files.ts';
import { sentencePiece } from '../tokenizer/usual-parts.ts';
import type { GgufValue } from './gguf.ts';
import { nameOfPieces } from './known-pieces.ts';
import { scoresOfPairs } from './score-pairs.ts';
import { TOKEN_TYPES } from './token-types.ts';

type Entries = [key: string, value: GgufValue][];

/**
 * What a GGUF file says of a model's tokenizer, rows without a token included. Throws ModelFileError where llama.cpp has no
 * tokenizer that gives the same ids.
 */
export function ggufTokenizer(
  { vocab_size, eos_token_id }: Pick<ModelConfig, 'vocab_size' | 'eos_token_id'>,
  vocabulary: Vocabulary,
): Entries {
  const { parts = GPT2_PARTS, beginning } = vocabulary;
  const { onBytes } = compiledParts(parts).pieces;
  const tokens = Array.from({ length: vocab_size }, (_, id) => vocabulary.tokens[id] ?? `[PAD${id}]`);
  const types = tokens.map((text, id) => {
    if (text === parts.unk_token && !onBytes) return TOKEN_TYPES.unknown;
    if (id === eos_token_id || vocabulary.special.has(id)) return TOKEN_TYPES.control;
    if (vocabulary.added.has(id)) return TOKEN_TYPES.added;
    if (vocabulary.tokens[id] === undefined) return TOKEN_TYPES.unused;
    return !onBytes && /^<0x[0-9A-F]{2}>$/.test(text) ? TOKEN_TYPES.byte : TOKEN_TYPES.normal;
  });
  const [bos = eos_token_id] = beginning;
  return [
    ['tokenizer.ggml.tokens', { type: 'array', of: 'string', value: tokens }],
    ['tokenizer.ggml.token_type', { type: 'array', of: 'int32', value: types }],
    ...(onBytes ? bytePairs(parts, vocabulary) : sentencePieces(parts, vocabulary, tokens, types)),
    ['tokenizer.ggml.bos_token_id', { type: 'uint32', value: bos }],
    ['tokenizer.ggml.eos_token_id', { type: 'uint32', value: eos_token_id }],
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: beginning.length > 0 }],
  ];
}

/** Whether a file says nothing of the form into which the tokenizer brings texts (NFC): llama.cpp does so for no byte pairs. */
export function losesNormalizer({ parts = GPT2_PARTS }: Vocabulary): boolean {
  return compiledParts(parts).pieces.onBytes && normalizers(parts.normalizer).length > 0;
}

/** The steps of a normalizer. */
function normalizers(part: Json): readonly Json[] {
  if (part === null) return [];
  const { type, normalizers: steps }: { type?: unknown; normalizers?: unknown } = Object(part);
  return type === 'Sequence' && Array.isArray(steps) ? steps.flatMap(normalizers) : [part];
}

/** A form of Unicode that keeps what a reader sees. */
function isForm(part: Json): boolean {
  return essence(part) === essence({ type: 'NFC' });
}

/** Types of tokens that pairs make. */
const IN_PAIRS: readonly number[] = [TOKEN_TYPES.normal, TOKEN_TYPES.added];

function bytePairs(parts: TokenizerParts, { merges }: Vocabulary): Entries {
  const name = nameOfPieces(parts);
  if (normalizers(parts.normalizer).some((one) => !isForm(one)))
    throw unwritable('changes texts in a way that llama.cpp does not know');
  if (name === undefined) throw unwritable('cuts texts in a way that llama.cpp does not know');
  return [
    ['tokenizer.ggml.model', { type: 'string', value: 'gpt2' }],
    ['tokenizer.ggml.pre', { type: 'string', value: name }],
    ['tokenizer.ggml.merges', { type: 'array', of: 'string', value: merges.map((pair) => pair.join(' ')) }],
  ];
}

function sentencePieces(
  parts: TokenizerParts,
  { merges }: Vocabulary,
  tokens: readonly string[],
  types: readonly number[],
): Entries {
  const spaceBefore = [true, false].find((before) => sameTexts(parts, sentencePiece(before, null, null)));
  const ofText = tokens.filter((_, id) => IN_PAIRS.includes(types[id]!));
  const scores = scoresOfPairs(ofText, merges);
  if (spaceBefore === undefined) throw unwritable('changes texts in a way that llama.cpp does not know');
  if (scores === undefined) throw unwritable('joins pairs in an order that no scores of tokens give');
  const unknown = parts.unk_token === null ? -1 : tokens.indexOf(parts.unk_token);
  // Of tokens that no pair makes, the score is never asked for.
  const values = tokens.map((text) => scores.get(text) ?? -merges.length);
  return [
    ['tokenizer.ggml.model', { type: 'string', value: 'llama' }],
    ['tokenizer.ggml.pre', { type: 'string', value: 'default' }],
    ['tokenizer.ggml.scores', { type: 'array', of: 'float32', value: values }],
    ['tokenizer.ggml.add_space_prefix', { type: 'bool', value: spaceBefore }],
    ...(unknown < 0
      ? []
      : ([['tokenizer.ggml.unknown_token_id', { type: 'uint32', value: unknown }]] satisfies Entries)),
  ];
}

function unwritable(problem: string): ModelFileError {
  return new ModelFileError(`the tokenizer of the model ${problem}`, {
    hint: 'Set format: huggingface: such a folder has the tokenizer as it is.',
  });
}

/** Whether two tokenizers change texts alike; a pre_tokenizer that cuts at spaces has none to cut at behind Gemma's normalizer. */
function sameTexts(one: TokenizerParts, other: TokenizerParts): boolean {
  const cutsNothing =
    one.pre_tokenizer === null ||
    essence(one.pre_tokenizer) ===
      essence({ type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false });
  return cutsNothing && essence(one.normalizer) === essence(other.normalizer);
}

function essence(part: Json): string {
  return canonicalJson(part);
}
