import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pretrained } from '../../src/stages/pretrained/pretrained.ts';
import { freshDirectory, runStage } from './run-stage.ts';

const SHAPES = join(import.meta.dirname, '../golden/tokenizer-shapes');
const { kinds } = JSON.parse(readFileSync(join(SHAPES, '../chat-templates.json'), 'utf8'));

/** ChatML, which begins with `OWN_SYSTEM` where a conversation has no system message. */
export const TEMPLATE: string = kinds.chatml.template;

export const OWN_SYSTEM = { role: 'system', content: 'Be short.' };

/** Ids of `<|endoftext|>` and `<|im_end|>` in its tokenizer. */
export const END = { ofText: 0, ofTurn: 2 };

/** A model folder: random weights, a tokenizer of SmolLM2's or another kind that ends texts with <|im_end|>, a chat template. */
export async function chatModel(
  eos_token_id = END.ofTurn,
  tokenizer: 'smollm2' | 'qwen2' = 'smollm2',
): Promise<string> {
  const model = { n_layer: 1, n_head: 1, n_embd: 8, n_positions: 256, vocab_size: 705, eos_token_id: 256 };
  const { outputs } = await runStage(pretrained, {
    with: { source: 'random', model: { ...model, layer_norm_epsilon: 1e-5 } },
  });
  const folder = freshDirectory();
  copyFileSync(join(outputs.model!, 'model.safetensors'), join(folder, 'model.safetensors'));
  copyFileSync(join(SHAPES, tokenizer, 'tokenizer.json'), join(folder, 'tokenizer.json'));
  const config = JSON.parse(readFileSync(join(outputs.model!, 'config.json'), 'utf8'));
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, eos_token_id, bos_token_id: 1 }));
  writeFileSync(join(folder, 'chat_template.jinja'), TEMPLATE);
  return folder;
}
