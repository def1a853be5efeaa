import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readGgufHeader } from '../../src/model/files/gguf/gguf-header.ts';
import { outcomes, Project } from './rig.ts';

/*
 * A model with a tokenizer of its own (test/golden/model_folders.py: another language, tokens for turns, two ends of a reply)
 * through every stage that has to do with tokens.
 */

const GOLDEN = join(import.meta.dirname, '../golden/model-folders');
const DATA = Array.from({ length: 8 }, (_, i) => ({
  instruction: `Não é fácil ${i}?`,
  input: '',
  output: `São três: ${i}.`,
}));

const pipeline = (tokenize: string) => `schema: 1
name: own
stages:
  format:
    uses: format
    inputs: { data: { file: ./data.json } }
    with: { prompt: { prompt: "<|im_start|>{{ instruction }}<|im_end|>", response: "{{ output }}", header: "", stop: [] } }
  split:
    uses: split
    inputs: { records: format.records }
    with: { train: 0.5, test: 0.25 }
  pretrained:
    uses: pretrained
    inputs: { folder: { file: ./model } }
    with: { source: huggingface }
  tokenize:
    uses: tokenize
    ${tokenize}
  train:
    uses: train
    inputs: { train: tokenize.train, validation: tokenize.validation, model: pretrained.model }
    with: { learning_rate: 1.0e-4, epochs: 1, batch_size: 2, sample_tokens: 8 }
  generate:
    uses: generate
    inputs: { records: split.test, model: train.model }
    with: { prompt: plain, max_new_tokens: 8 }
  export:
    uses: export
    inputs: { model: train.model }
    with: { format: gguf }
`;
const OWN = 'inputs: { train: split.train, validation: split.validation, model: pretrained.model }';

describe('a model with a tokenizer of its own', () => {
  let project: Project;
  beforeAll(async () => {
    project = new Project({ 'own.yaml': pipeline(OWN), 'data.json': JSON.stringify(DATA) });
    cpSync(join(GOLDEN, 'chat'), project.path('model'), { recursive: true });
  });
  afterAll(() => project.remove());

  const get = async (output: string) => {
    await project.pipe(['get', 'own.yaml', output, project.path('got', output)]);
    return project.path('got', output);
  };

  it('is tokenized, trained, asked and exported with it', async () => {
    const { events, code } = await project.run(['own.yaml']);
    expect(code).toBe(0);
    expect(new Set(Object.values(outcomes(events)))).toEqual(new Set(['ran']));
  });

  it('keeps its files, byte for byte', async () => {
    for (const output of ['pretrained.model', 'train.model']) {
      const folder = await get(output);
      for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
        const [ours, theirs] = [join(folder, name), join(GOLDEN, 'chat', name)].map((path) =>
          readFileSync(path),
        );
        expect(ours!.equals(theirs!), `${output}: ${name}`).toBe(true);
      }
      const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
      expect(config).toMatchObject({ vocab_size: 324, eos_token_id: [321, 0] });
    }
  });

  it('has its vocabulary in a GGUF file', async () => {
    const { metadata } = await readGgufHeader(join(await get('export.model'), 'model.gguf'));
    const { model } = JSON.parse(readFileSync(join(GOLDEN, 'chat/tokenizer.json'), 'utf8'));
    const tokens = metadata.get('tokenizer.ggml.tokens')?.value as string[];
    for (const [token, id] of Object.entries<number>(model.vocab)) expect(tokens[id]).toBe(token);
    expect(tokens.slice(320)).toEqual(['<|im_start|>', '<|im_end|>', '<pad>', '[MASK]']);
    expect(metadata.get('tokenizer.ggml.eos_token_id')?.value).toBe(321);
    expect(metadata.get('tokenizer.ggml.merges')?.value).toEqual(
      model.merges.map((pair: string | string[]) => (typeof pair === 'string' ? pair : pair.join(' '))),
    );
  });

  it('refuses tokens that another tokenizer made', async () => {
    project.write('other.yaml', pipeline('inputs: { train: split.train, validation: split.validation }'));
    const { stdout, code } = await project.pipe(['run', 'other.yaml', '--only', 'train']);
    expect(code).toBe(1);
    expect(stdout).toContain('The tokens are of the encoding gpt2');
    expect(stdout).toContain('Give the `tokenize` stage the model as its input `model`');
  });

  it('is refused where its files are of different tokenizers', async () => {
    const path = project.path('model', 'vocab.json');
    cpSync(join(GOLDEN, 'portuguese/merges.txt'), project.path('model', 'merges.txt'));
    const vocabulary = JSON.parse(readFileSync(join(GOLDEN, 'portuguese/vocab.json'), 'utf8'));
    writeFileSync(path, JSON.stringify({ ...vocabulary, '!': vocabulary['"'], '"': vocabulary['!'] }));
    const { stdout } = await project.pipe(['run', 'own.yaml', '--only', 'pretrained']);
    expect(stdout).toContain('tokenizer.json and vocab.json with merges.txt are different tokenizers');
  });
});
