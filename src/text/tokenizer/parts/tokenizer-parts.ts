import type { Json } from '../../../contract/json.ts';
import { beginningOf } from './beginning.ts';
import { checkByteDecoder, decoderOf } from './decoder.ts';
import { normalizerOf } from './normalizer.ts';
import { type Pieces, piecesOf } from './pieces.ts';

/** What a tokenizer.json says besides its vocabulary, in its own form (https://huggingface.co/docs/tokenizers). */
export interface TokenizerParts {
  readonly normalizer: Json;
  readonly pre_tokenizer: Json;
  readonly post_processor: Json;
  readonly decoder: Json;
  /** Of its model: a character without a token is written as the tokens of its bytes, <0x00> to <0xFF>. */
  readonly byte_fallback: boolean;
  /** Text of the token for what is still unknown; several next to each other are one where `fuse_unk` is true. */
  readonly unk_token: string | null;
  readonly fuse_unk: boolean;
  /** A piece that is a token is that token, whatever pairs would make of it. */
  readonly ignore_merges: boolean;
}

/** The parts of GPT-2's tokenizer. */
export const GPT2_PARTS: TokenizerParts = {
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: null,
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  byte_fallback: false,
  unk_token: null,
  fuse_unk: false,
  ignore_merges: false,
};

/** Parts that can work. */
export interface CompiledParts {
  normalize(text: string): string;
  readonly pieces: Pieces;
  /** Ids that each text begins with. */
  readonly beginning: readonly number[];
  decode(tokens: readonly string[]): string;
  readonly byteTokens: boolean;
  readonly unknown: string | undefined;
  readonly fuseUnknown: boolean;
  readonly wholeFirst: boolean;
}

/** Makes parts that can work. Throws UnsupportedPart where a text would get other ids than in the library `tokenizers`. */
export function compiledParts(parts: TokenizerParts = GPT2_PARTS): CompiledParts {
  const pieces = piecesOf(parts.pre_tokenizer);
  if (pieces.onBytes) checkByteDecoder(parts.decoder);
  return {
    normalize: normalizerOf(parts.normalizer),
    pieces,
    beginning: beginningOf(parts.post_processor),
    decode: pieces.onBytes ? textOfBytes : decoderOf(parts.decoder),
    byteTokens: parts.byte_fallback,
    unknown: parts.unk_token ?? undefined,
    fuseUnknown: parts.fuse_unk,
    wholeFirst: parts.ignore_merges,
  };
}

function textOfBytes(tokens: readonly string[]): string {
  return Buffer.from(tokens.join(''), 'latin1').toString('utf8');
}
