import { type Static, Type } from 'typebox';
import { ModelPiece } from '../../model/files/model-piece.ts';
import { maxBytes } from '../download/max-bytes.ts';

const { layer_norm_epsilon, openai, huggingface, ...shape } = ModelPiece.properties;
const optionalShape = {
  n_layer: Type.Optional(shape.n_layer),
  n_head: Type.Optional(shape.n_head),
  n_embd: Type.Optional(shape.n_embd),
  n_positions: Type.Optional(shape.n_positions),
  vocab_size: Type.Optional(shape.vocab_size),
  eos_token_id: Type.Optional(shape.eos_token_id),
};

export const pretrainedSettings = Type.Object(
  {
    source: Type.Union(
      [Type.Literal('openai'), Type.Literal('huggingface'), Type.Literal('gguf'), Type.Literal('random')],
      {
        affects: 'result',
        description:
          "`openai`: the checkpoint that OpenAI published. `huggingface`: a repository of Hugging Face. `gguf`: a file of llama.cpp. `random`: GPT-2's initial weights for a seed.",
      },
    ),
    model: Type.Optional(
      Type.Object(
        { ...optionalShape, layer_norm_epsilon, openai, huggingface },
        {
          additionalProperties: false,
          affects: 'result',
          piece: 'models',
          description:
            'Shape of the model and where it is published, or the name of a file under configs/models. With `huggingface` or `gguf` the shape may be left out: it is that of config.json, or of the file.',
        },
      ),
    ),
    tie_word_embeddings: Type.Boolean({
      affects: 'result',
      default: false,
      description:
        'Whether the head is the token embedding itself. Otherwise, as in the book, it is a parameter of its own that begins as a copy.',
    }),
    seed: Type.Integer({
      affects: 'result',
      default: 123,
      minimum: 0,
      description: 'Seed of random weights.',
    }),
    url: Type.Optional(
      Type.String({
        affects: 'result',
        pinnedBy: 'sha256',
        description:
          "Address of the folder that holds the files, instead of OpenAI's or Hugging Face's; with `gguf`, of the file itself. Where the files are pinned, only their digests count.",
      }),
    ),
    file: Type.Optional(
      Type.String({
        affects: 'result',
        pinnedBy: 'sha256',
        pattern: '^\\w[\\w.-]*$',
        description: 'With `gguf`: name of the file in the Hugging Face repository.',
      }),
    ),
    revision: Type.String({
      affects: 'result',
      pinnedBy: 'sha256',
      default: 'main',
      pattern: '^[\\w.-]+(/[\\w.-]+)*$',
      description:
        'Branch, tag or commit of a Hugging Face repository. A private one needs HF_TOKEN under `secrets` of the stage.',
    }),
    sha256: Type.Optional(
      Type.Record(Type.String(), Type.String({ pattern: '^[0-9a-f]{64}$' }), {
        affects: 'result',
        minProperties: 1,
        description: 'Digest that each downloaded file must have, by file name: all of them or none.',
      }),
    ),
    max_bytes: maxBytes,
  },
  { additionalProperties: false },
);
export type PretrainedSettings = Static<typeof pretrainedSettings>;

/** What the shape of a model is made of, besides `layer_norm_epsilon`, which has a default. */
export const SHAPE = Object.keys(shape) as (keyof typeof shape)[];

/** The model as the settings describe it, if they do so wholly. */
export function completePiece({
  model = { layer_norm_epsilon: 1e-5 },
}: Pick<PretrainedSettings, 'model'>): ModelPiece | undefined {
  const { n_layer, n_head, n_embd, n_positions, vocab_size, eos_token_id } = model;
  if (n_layer === undefined || n_head === undefined || n_embd === undefined) return undefined;
  if (n_positions === undefined || vocab_size === undefined || eos_token_id === undefined) return undefined;
  return { ...model, n_layer, n_head, n_embd, n_positions, vocab_size, eos_token_id };
}
