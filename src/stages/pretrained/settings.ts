import { type Static, Type } from 'typebox';
import { ModelPiece } from '../../model/files/model-piece.ts';
import { maxBytes } from '../download/max-bytes.ts';

export const pretrainedSettings = Type.Object(
  {
    source: Type.Union([Type.Literal('openai'), Type.Literal('huggingface'), Type.Literal('random')], {
      affects: 'result',
      description:
        "`openai`: the checkpoint that OpenAI published. `huggingface`: a repository of Hugging Face. `random`: GPT-2's initial weights for a seed.",
    }),
    model: Type.Object(ModelPiece.properties, {
      additionalProperties: false,
      affects: 'result',
      piece: 'models',
      description:
        'Shape of the model and where it is published, or the name of a file under configs/models.',
    }),
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
          "Address of the folder that holds the files, instead of OpenAI's or Hugging Face's. Where the files are pinned, only their digests count.",
      }),
    ),
    revision: Type.String({
      affects: 'result',
      pinnedBy: 'sha256',
      default: 'main',
      pattern: '^[\\w.-]+(/[\\w.-]+)*$',
      description: 'Branch, tag or commit of a Hugging Face repository.',
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
