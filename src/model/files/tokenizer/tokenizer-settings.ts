import { isObject, type Json } from '../../../contract/json.ts';
import { GPT2_PARTS, type TokenizerParts } from '../../../text/tokenizer/parts/tokenizer-parts.ts';
import { ModelFileError } from '../model-file-error.ts';
import { shown } from './folder-vocabulary.ts';
import { beginningWith } from './usual-parts.ts';

/** What tokenizer_config.json says of texts: transformers lets it change what tokenizer.json says. */
export interface TokenizerSettings {
  readonly file: string;
  /** Text of the token that comes before each text; null for none, undefined where tokenizer.json decides. */
  readonly bos: string | null | undefined;
  /** A space comes before each text, in a tokenizer of GPT-2's kind. */
  readonly spaceBefore: boolean | undefined;
}

/** Reads them from the values of tokenizer_config.json. */
export function tokenizerSettings(
  file: string,
  values: Readonly<Record<string, unknown>>,
): TokenizerSettings {
  const { add_bos_token, bos_token, add_prefix_space, tokenizer_class } = values;
  const bos = isObject(bos_token) ? bos_token.content : bos_token;
  if (add_bos_token === true && typeof bos !== 'string')
    throw ModelFileError.of(file, 'add_bos_token is true, but there is no bos_token');
  const isGpt2 = typeof tokenizer_class !== 'string' || /^(GPT2|CodeGen|Qwen2)/.test(tokenizer_class);
  return {
    file,
    bos: add_bos_token === true ? String(bos) : add_bos_token === false ? null : undefined,
    spaceBefore: isGpt2 && typeof add_prefix_space === 'boolean' ? add_prefix_space : undefined,
  };
}

/**
 * Parts as the settings change them; undefined where they are GPT-2's. `known`: ids of tokens by their text. Throws ModelFileError
 * where a token is missing.
 */
export function withSettings(
  parts: TokenizerParts | undefined,
  { file, bos, spaceBefore }: TokenizerSettings,
  known: ReadonlyMap<string, unknown>,
): TokenizerParts | undefined {
  const base = parts ?? GPT2_PARTS;
  const changed = {
    ...(bos === undefined || (bos === null && parts === undefined) ? {} : { post_processor: before(bos) }),
    ...(spaceBefore === undefined || hasSpace(base.pre_tokenizer) === spaceBefore
      ? {}
      : { pre_tokenizer: withSpace(base.pre_tokenizer, spaceBefore) }),
  };
  return Object.keys(changed).length === 0 ? parts : { ...base, ...changed };

  function before(token: string | null): Json {
    if (token === null) return null;
    const id = known.get(token);
    if (typeof id !== 'number')
      throw ModelFileError.of(file, `bos_token is ${shown(token)}, which the tokenizer does not have`);
    return beginningWith(token, id);
  }
}

/** Only the tokenizer of GPT-2's kind that is one ByteLevel has this setting in transformers. */
function hasSpace(part: Json): boolean | undefined {
  return isObject(part) && part.type === 'ByteLevel' ? part.add_prefix_space === true : undefined;
}

function withSpace(part: Json, spaceBefore: boolean): Json {
  return isObject(part) && part.type === 'ByteLevel' ? { ...part, add_prefix_space: spaceBefore } : part;
}
