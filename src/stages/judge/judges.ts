import type { Judge } from './judge-contract.ts';
import type { JudgeKind, JudgeSettings, SettingsOf } from './settings.ts';

/** Every kind of judge: what makes one of the stage's settings, loaded when that kind is asked for. */
const judges: { readonly [Kind in JudgeKind]: (settings: SettingsOf<Kind>) => Promise<Judge> } = {
  ollama: async (settings) => (await import('./ollama-judge.ts')).ollamaJudge(settings),
  reference: async (settings) => (await import('./reference-judge.ts')).referenceJudge(settings),
};

/** The judge of a stage's settings. */
export function judgeOf(settings: JudgeSettings): Promise<Judge> {
  // The entry of a kind takes the settings of that kind; TypeScript does not see that the two are the same one.
  const make = judges[settings.judge.kind] as (settings: JudgeSettings) => Promise<Judge>;
  return make(settings);
}
