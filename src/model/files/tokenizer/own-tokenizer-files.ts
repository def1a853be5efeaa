import type { ModelConfig } from '../../families/model-config.ts';
import { writeVocabulary } from './encoding-files.ts';
import type { FolderVocabulary } from './folder-vocabulary.ts';
import { writtenVocabulary } from './model-tokenizer.ts';

/**
 * Writes the tokenizer of a model that came without files for it, from which `transformers` and `readModelTokenizer` build the same one.
 * `chatTemplate`: how it writes a conversation, in Jinja.
 */
export async function writeOwnTokenizer(
  directory: string,
  vocabulary: FolderVocabulary,
  { eos_token_id, n_positions }: ModelConfig,
  chatTemplate: string | undefined,
): Promise<void> {
  const written = writtenVocabulary(vocabulary);
  const end = written.tokens[eos_token_id];
  const decoder = vocabulary.added.map(({ id, text, special }) => [
    id,
    { content: text, lstrip: false, normalized: false, rstrip: false, single_word: false, special },
  ]);
  await writeVocabulary(directory, written, {
    add_prefix_space: false,
    added_tokens_decoder: Object.fromEntries(decoder),
    bos_token: end,
    ...(chatTemplate !== undefined && { chat_template: chatTemplate }),
    eos_token: end,
    model_max_length: n_positions,
    tokenizer_class: 'GPT2Tokenizer',
    unk_token: end,
  });
}
