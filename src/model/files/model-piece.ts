import { type Static, Type } from 'typebox';
import type { Gpt2Config } from '../families/gpt2/gpt2-config.ts';

const size = (description: string) => Type.Integer({ minimum: 1, description });

/** Settings of a model, the piece under configs/models: its shape in Hugging Face's names, and where to get it. */
export const ModelPiece = Type.Object(
  {
    n_layer: size('Transformer blocks.'),
    n_head: size('Attention heads of a block; divides n_embd.'),
    n_embd: size('Width of the residual stream.'),
    n_positions: size('Longest sequence, in tokens.'),
    vocab_size: size('Tokens of the vocabulary: 50257 for the encoding gpt2, 257 for bytes.'),
    layer_norm_epsilon: Type.Number({
      exclusiveMinimum: 0,
      default: 1e-5,
      description: 'Added to the variance in a layer norm.',
    }),
    eos_token_id: Type.Integer({
      minimum: 0,
      description: 'Token that ends a text: 50256 for the encoding gpt2, 256 for bytes.',
    }),
    openai: Type.Optional(
      Type.String({ pattern: '^[\\w.-]+$', description: "Folder of OpenAI's download." }),
    ),
    huggingface: Type.Optional(
      Type.String({ pattern: '^[\\w.-]+/[\\w.-]+$', description: 'Repository on huggingface.co.' }),
    ),
  },
  { additionalProperties: false },
);
export type ModelPiece = Static<typeof ModelPiece>;

/** The configuration of a model that is made as a piece says, which describes a GPT-2. */
export function configOf(piece: ModelPiece, tie_word_embeddings: boolean): Gpt2Config {
  const { n_layer, n_head, n_embd, n_positions, vocab_size, layer_norm_epsilon, eos_token_id } = piece;
  const shape = { n_layer, n_head, n_embd, n_positions, vocab_size, layer_norm_epsilon, eos_token_id };
  return { model_type: 'gpt2', ...shape, tie_word_embeddings };
}
