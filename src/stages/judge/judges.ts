import type { Judge } from './judge-contract.ts';
import type { JudgeKind, JudgeSettings, OneJudgeSettings, SettingsOf } from './settings.ts';

/** Every kind of judge: makes one of the stage's settings, and is loaded only when a pipeline uses that kind. */
const judges: { readonly [Kind in JudgeKind]: (settings: SettingsOf<Kind>) => Promise<Judge> } = {
  command: async (settings) => (await import('./command/command-judge.ts')).commandJudge(settings),
  human: async (settings) => (await import('./human/human-judge.ts')).humanJudge(settings),
  'llama-cpp': async (settings) => (await import('./llama-cpp/llama-cpp-judge.ts')).llamaCppJudge(settings),
  ollama: async (settings) => (await import('./ollama/ollama-judge.ts')).ollamaJudge(settings),
  openai: async (settings) => (await import('./openai/openai-judge.ts')).openAiJudge(settings),
  reference: async (settings) => (await import('./reference/reference-judge.ts')).referenceJudge(settings),
};

/** The judges of a stage's settings: those of a jury, else one. */
export function judgesOf(settings: JudgeSettings): Promise<readonly Judge[]> {
  const { judge } = settings;
  if (judge.kind !== 'jury') return Promise.all([judgeOf({ ...settings, judge })]);
  const { url, api_key } = settings;
  return Promise.all(
    judge.judges.map(({ url: ownUrl = url, api_key: ownKey = api_key, ...judge }) =>
      judgeOf({
        ...settings,
        judge,
        ...(ownUrl !== undefined && { url: ownUrl }),
        ...(ownKey !== undefined && { api_key: ownKey }),
      }),
    ),
  );
}

function judgeOf(settings: OneJudgeSettings): Promise<Judge> {
  // An entry takes the settings of its own kind; TypeScript cannot see that this is the kind of these settings.
  const make = judges[settings.judge.kind] as (settings: OneJudgeSettings) => Promise<Judge>;
  return make(settings);
}
