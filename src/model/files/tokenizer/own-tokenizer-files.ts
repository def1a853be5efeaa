import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { printable } from '../../../text/tokenizer/printable-bytes.ts';
import type { ModelConfig } from '../../families/model-config.ts';
import { writeVocabulary } from './encoding-files.ts';
import type { FolderToken, FolderVocabulary } from './folder-vocabulary.ts';
import { isOnBytes, writtenVocabulary } from './model-tokenizer.ts';
import { SETTINGS } from './special-tokens.ts';
import { TOKENIZER } from './tokenizer-json.ts';

/**
 * Writes the tokenizer of a model that came without files for it, from which `transformers` and `readModelTokenizer` build the same one:
 * as vocab.json and merges.txt where texts are cut as GPT-2 cuts them, or as tokenizer.json. `chatTemplate`: how it writes a
 * conversation, in Jinja.
 */
export async function writeOwnTokenizer(
  directory: string,
  vocabulary: FolderVocabulary,
  { eos_token_id, n_positions }: ModelConfig,
  chatTemplate: string | undefined,
): Promise<void> {
  const written = writtenVocabulary(vocabulary);
  const end = written.tokens[eos_token_id];
  const settings = {
    ...(chatTemplate !== undefined && { chat_template: chatTemplate }),
    eos_token: end,
    model_max_length: n_positions,
  };
  if (vocabulary.parts !== undefined) {
    const [beginning = eos_token_id] = written.beginning;
    await writeFile(join(directory, TOKENIZER), `${JSON.stringify(tokenizerJson(vocabulary))}\n`);
    const own = {
      bos_token: written.tokens[beginning],
      ...settings,
      tokenizer_class: 'PreTrainedTokenizerFast',
    };
    await writeFile(join(directory, SETTINGS), `${JSON.stringify(own, null, 2)}\n`);
    return;
  }
  await writeVocabulary(directory, written, {
    add_prefix_space: false,
    added_tokens_decoder: Object.fromEntries(vocabulary.added.map((token) => [token.id, described(token)])),
    bos_token: end,
    ...settings,
    tokenizer_class: 'GPT2Tokenizer',
    unk_token: end,
  });
}

function tokenizerJson(vocabulary: FolderVocabulary): object {
  const { tokens, merges, added, parts } = vocabulary;
  const { byte_fallback, unk_token, fuse_unk, ignore_merges, ...around } = parts!;
  const written = isOnBytes(vocabulary) ? printable : (text: string) => text;
  const vocab = Object.fromEntries([
    ...Array.from(tokens, ([id, text]) => [written(text), id] as const),
    ...added.filter(({ id }) => !tokens.has(id)).map(({ id, text }) => [text, id] as const),
  ]);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added.map((token) => ({ id: token.id, ...described(token) })),
    ...around,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk,
      byte_fallback,
      ignore_merges,
      vocab,
      merges: merges.map((pair) => pair.map(written)),
    },
  };
}

function described({ text, special, takesLeft, takesRight, wholeWord, later }: FolderToken): object {
  return {
    content: text,
    lstrip: takesLeft === true,
    normalized: later === true,
    rstrip: takesRight === true,
    single_word: wholeWord === true,
    special,
  };
}
