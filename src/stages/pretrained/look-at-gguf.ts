import { GgufFile } from '../../model/files/gguf/gguf-file.ts';
import { ggufVocabulary } from '../../model/files/gguf/gguf-vocabulary.ts';
import { familyIn, ggufConfig } from '../../model/files/gguf/gguf-weights.ts';

/** What a GGUF file holds, for whoever writes a pipeline for it. */
export interface GgufLook {
  /** Whether its head is the token embedding. */
  readonly isTied: boolean;
  /** Whether it has a chat template. */
  readonly chats: boolean;
}

/** Looks at a file as the `pretrained` stage reads it, but for its weights. Throws ModelFileError that names the file. */
export async function lookAtGguf(path: string): Promise<GgufLook> {
  const file = await GgufFile.open(path);
  try {
    familyIn(file.metadata);
    const vocabulary = ggufVocabulary(file.metadata);
    const { tie_word_embeddings } = await ggufConfig(file, vocabulary);
    return { isTied: tie_word_embeddings, chats: vocabulary.chatTemplate !== undefined };
  } finally {
    await file.close();
  }
}
