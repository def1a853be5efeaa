import type { Json } from '../../../contract/json.ts';
import type { TokenizerParts } from '../../../text/tokenizer/parts/tokenizer-parts.ts';

/* Parts of a tokenizer.json as the programs write them that convert other files. */

/** A post_processor that puts a token before each text. */
export function beginningWith(token: string, id: number): Json {
  const special = (type_id: number) => ({ SpecialToken: { id: token, type_id } });
  const text = (name: 'A' | 'B', type_id: number) => ({ Sequence: { id: name, type_id } });
  return {
    type: 'TemplateProcessing',
    single: [special(0), text('A', 0)],
    pair: [special(0), text('A', 0), special(1), text('B', 1)],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}

const MARKS: Json = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };

/**
 * SentencePiece's byte pairs: spaces are marks, a whole text is one piece, a character without a token is its bytes. `spaceBefore`: a
 * space comes before each text, and is no part of it.
 */
export function sentencePiece(
  spaceBefore: boolean,
  post_processor: Json,
  unknown: string | null,
): TokenizerParts {
  const decoders: Json[] = [
    { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
    ...(spaceBefore ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
  ];
  return {
    normalizer: spaceBefore
      ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, MARKS] }
      : MARKS,
    pre_tokenizer: null,
    post_processor,
    decoder: { type: 'Sequence', decoders },
    byte_fallback: true,
    unk_token: unknown,
    fuse_unk: true,
    ignore_merges: false,
  };
}
