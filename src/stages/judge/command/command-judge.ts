import type { Judge } from '../judge-contract.ts';
import { namedSecret, problemsOf } from '../language-model/model-server.ts';
import type { SettingsOf } from '../settings.ts';

/** Any program that reads responses and writes scores, as JSON lines. */
export function commandJudge(settings: SettingsOf<'command'>): Judge {
  const { kind, label, command } = settings.judge;
  const { api_key } = settings;
  return {
    describe: () => ({ kind, label, language_model: false }),

    preflight: (world) =>
      problemsOf(async () => (api_key === undefined ? undefined : namedSecret(api_key, world))),

    async begin(context) {
      const { JudgingProgram } = await import('./judging-program.ts');
      const program = context.inputs.program;
      const judging = new JudgingProgram(settings, context);
      return {
        async judge({ instruction, input, output, model_response }, index, signal) {
          const question = { instruction, input, ...(output !== undefined && { output }), model_response };
          // As a text: half of a surrogate pair has no canonical form.
          const key = { command, program: program?.digest ?? null, question: JSON.stringify(question) };
          const answer = await context.memo(key, () => judging.ask(question, index, signal));
          return { ...answer, index };
        },
        close: () => judging.close(),
      };
    },
  };
}
