import { type Static, Type } from '@sinclair/typebox';
import { defineStage, type Problem } from '../contract/stage-type.ts';
import { ModelPiece } from '../model/model-piece.ts';
import { maxBytes } from './max-bytes.ts';

const settings = Type.Object(
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
export type PretrainedSettings = Static<typeof settings>;

export const pretrained = defineStage({
  uses: 'pretrained',
  version: 1,
  summary: 'Brings a GPT-2 into a model folder: published weights, or random ones.',
  settings,
  inputs: {
    folder: {
      artifact: 'directory',
      optional: true,
      description: 'Files that are here already, in the form of the source; nothing is downloaded then.',
    },
  },
  outputs: () => ({
    model: {
      artifact: 'directory',
      path: 'model',
      description: 'The model, a Hugging Face folder that `transformers` loads.',
    },
  }),
  diskBytes({ source, model }, inputBytes) {
    const download = source === 'random' || 'folder' in inputBytes ? 0 : modelBytes(model);
    return download + modelBytes(model);
  },
  async preflight(settings, { inputBytes }): Promise<readonly Problem[]> {
    const { pretrainedProblems } = await import('./run-pretrained.ts');
    return pretrainedProblems(settings, 'folder' in inputBytes);
  },
  async run(context) {
    const { runPretrained } = await import('./run-pretrained.ts');
    await runPretrained(context);
  },
});

/** Bytes of the weights with a head of their own, in float32. */
function modelBytes({ n_layer, n_embd, n_positions, vocab_size }: ModelPiece): number {
  return 4 * (n_layer * 12 * n_embd ** 2 + (2 * vocab_size + n_positions) * n_embd);
}
