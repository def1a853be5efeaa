import { StageError } from '../../../contract/stage-context.ts';
import type { Judge } from '../judge-contract.ts';
import { problemsOf } from '../language-model/model-server.ts';
import type { SettingsOf } from '../settings.ts';
import { llamaVersion } from './llama-package.ts';

const HINT = 'Give the input `model`: a GGUF file with a chat template.';

/** A language model in the stage's own process, through llama.cpp: no server, and the same reply every time. */
export function llamaCppJudge(settings: SettingsOf<'llama-cpp'>): Judge {
  const { kind, label } = settings.judge;
  return {
    describe: () => ({ kind, label, language_model: true }),

    preflight: ({ inputBytes }) =>
      problemsOf(async () => {
        llamaVersion();
        if (!('model' in inputBytes)) throw noModel();
      }),

    observe: async () => ({ node_llama_cpp: llamaVersion() }),

    async begin(context) {
      const { model } = context.inputs;
      if (!model) throw noModel();
      const { languageModelJudge } = await import('../language-model/language-model-judge.ts');
      const { LlamaCppModel } = await import('./llama-cpp-model.ts');
      const language = new LlamaCppModel(settings, model, llamaVersion(), context.signal);
      const asking = await languageModelJudge(language, settings.judge, settings.rationales, context);
      return { judge: asking.judge, close: () => language.close() };
    },
  };
}

function noModel(): StageError {
  return new StageError('A judge of kind llama-cpp needs a model.', { hint: HINT });
}
