import { type Static, Type } from 'typebox';
import { optimizationSettings } from '../training/optimization-settings.ts';
import { LoraSettings } from './train-lora.ts';

export const trainSettings = Type.Object(
  {
    ...optimizationSettings.properties,
    lora: Type.Optional(LoraSettings),
    dropout: Type.Number({
      affects: 'result',
      legacy: 0,
      default: 0,
      minimum: 0,
      exclusiveMaximum: 1,
      description:
        'Probability with which a number is dropped in an update, where GPT-2 was trained with 0.1: of the embeddings, of the weights of attention and of what attention and feed-forward layers add. What is kept is divided by 1 minus this. Losses are measured and samples are taken without it.',
    }),
    mask_instruction: Type.Boolean({
      affects: 'result',
      legacy: false,
      default: false,
      description:
        'Whether only responses are trained on: predicting the tokens of a prompt then counts neither in training nor in the losses that are measured; the header of the response, the response and the end of the text count. docs/guides/instruction-masking.md shows which targets those are, token by token. Prompts are read all the same.',
    }),
  },
  { additionalProperties: false },
);
export type TrainSettings = Static<typeof trainSettings>;
