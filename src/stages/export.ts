import { type Static, Type } from '@sinclair/typebox';
import { defineStage, type Problem } from '../contract/stage-type.ts';
import { PromptStyle } from '../text/prompt-style-schema.ts';

const settings = Type.Object(
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
export type ExportSettings = Static<typeof settings>;

/** Writes models for other programs. (`export` itself is a word of the language.) */
export const exportStage = defineStage({
  uses: 'export',
  version: 1,
  summary: 'Writes a model for other programs: transformers, llama.cpp, Ollama.',
  settings,
  inputs: { model: { artifact: 'directory', description: 'The model, a Hugging Face folder.' } },
  outputs: () => ({
    model: {
      artifact: 'directory',
      path: 'model',
      description: 'A Hugging Face folder; or `model.gguf` and a `Modelfile` that names it.',
    },
  }),
  // float32 is the most that is ever written; models are stored in it.
  diskBytes: (_, { model = 0 }) => model,
  async preflight({ format, quantization, prompt }): Promise<readonly Problem[]> {
    if (format === 'huggingface' && quantization === 'Q8_0') {
      return [
        {
          message: 'A Hugging Face folder cannot hold Q8_0.',
          hint: 'Set format: gguf, or quantization: F16.',
        },
      ];
    }
    const { modelfile } = await import('../model/modelfile.ts');
    try {
      modelfile(prompt, 1);
      return [];
    } catch (error) {
      return [{ message: (error as Error).message }];
    }
  },
  async run(context) {
    const { runExport } = await import('./run-export.ts');
    await runExport(context);
  },
});
