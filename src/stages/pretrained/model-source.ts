import type { StageContext } from '../../contract/stage-context.ts';
import { familyOf } from '../../model/families/families.ts';
import type { ModelConfig } from '../../model/families/model-config.ts';
import type { TensorSource } from '../../model/files/safetensors.ts';
import type { PretrainedSettings } from './settings.ts';

/** A model on its way into a folder. */
export interface ModelSource {
  readonly config: ModelConfig;
  readonly sources: readonly TensorSource[];
  close(): Promise<void>;
  /** Writes the files of its tokenizer. */
  writeTokenizer(directory: string): Promise<void>;
}

/**
 * Whether the head is tied as the settings want it, which is possible by now. Where a head of its own is wanted and there is a tied one,
 * the head begins as a copy of the token embedding, and a line of the log says so.
 */
export function withHead(
  stored: ModelConfig,
  sources: readonly TensorSource[],
  { settings: { tie_word_embeddings }, log }: Pick<StageContext<PretrainedSettings>, 'settings' | 'log'>,
): Pick<ModelSource, 'config' | 'sources'> {
  const config = { ...stored, tie_word_embeddings };
  if (tie_word_embeddings === stored.tie_word_embeddings) return { config, sources };
  log(
    'the head begins as a copy of the token embedding, and is trained apart from it; tie_word_embeddings: true keeps them one',
  );
  const { names } = familyOf(config);
  const embedding = sources.find(({ name }) => name === names.tokens)!;
  return { config, sources: [...sources, { ...embedding, name: names.head }] };
}
