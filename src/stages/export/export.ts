import { defineStage, type Problem } from '../../contract/stage-type.ts';
import { exportSettings } from './settings.ts';

/** Writes models for other programs. (`export` itself is a word of the language.) */
export const exportStage = defineStage({
  uses: 'export',
  // Since version 2 a GGUF file says which tokens are added.
  version: ({ format }) => (format === 'gguf' ? 2 : 1),
  summary: 'Writes a model for other programs: transformers, llama.cpp, Ollama.',
  example: `
export:
  uses: export
  inputs: { model: train.model }
  with: { format: gguf, quantization: F16, prompt: alpaca }
`,
  settings: exportSettings,
  inputs: { model: { artifact: 'directory', description: 'The model, a Hugging Face folder.' } },
  async checkSettings({ prompt }) {
    if (prompt === undefined) return [];
    const { styleProblems } = await import('../../text/prompt/style-problems.ts');
    return styleProblems(prompt);
  },
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
    const { modelfile } = await import('../../model/files/gguf/modelfile.ts');
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
