import { type Static, Type } from 'typebox';
import { PromptStyle } from '../../text/prompt/prompt-style-schema.ts';

export const exportSettings = Type.Object(
  {
    format: Type.Union([Type.Literal('huggingface'), Type.Literal('gguf')], {
      affects: 'result',
      description:
        '`huggingface`: a folder that `transformers` loads. `gguf`: a file for llama.cpp with a Modelfile for `ollama create`.',
    }),
    quantization: Type.Union([Type.Literal('F32'), Type.Literal('F16'), Type.Literal('Q8_0')], {
      affects: 'result',
      default: 'F32',
      description:
        'Type of the numbers. `F16` halves the size; `Q8_0` (gguf only) makes it about a quarter. In a GGUF, biases, norms and positions stay F32.',
    }),
    prompt: Type.Optional(
      Type.Object(PromptStyle.properties, {
        additionalProperties: false,
        affects: 'result',
        piece: 'prompts',
        description:
          "Prompt style that the model was trained with; becomes the Modelfile's template and stop texts. Without it the model sees the bare question.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type ExportSettings = Static<typeof exportSettings>;
