import type { SettingProblem } from '../../contract/stage-type.ts';
import type { GenerateSettings } from './settings.ts';

/** Settings that say how to draw. */
const DRAWING = ['temperature', 'top_k', 'top_p', 'seed'] as const;

/** What contradicts itself in settings of generation. */
export function samplingProblems(settings: GenerateSettings): readonly SettingProblem[] {
  if (settings.temperature === 0) return [zeroTemperature(settings)];
  if (settings.strategy === 'sample') return [];
  const named = DRAWING.filter((name) => settings[name] !== undefined);
  const useless = [...named, ...(settings.samples > 1 ? (['samples'] as const) : [])];
  return useless.map((name) => ({
    code: 'contradiction',
    path: [name],
    message:
      name === 'samples'
        ? `with \`strategy: greedy\` all ${settings.samples} samples of a prompt would be the same`
        : `with \`strategy: greedy\` nothing is drawn, so \`${name}\` would change nothing`,
    hint: `set \`strategy: sample\`, or remove \`${name}\``,
  }));
}

function zeroTemperature({ strategy }: GenerateSettings): SettingProblem {
  return {
    code: 'out-of-range',
    path: ['temperature'],
    message:
      '`temperature` must be greater than 0: at 0 the likeliest token is always taken, and nothing is drawn',
    hint:
      strategy === 'greedy'
        ? 'that is what `strategy: greedy` does: remove `temperature`'
        : 'write `strategy: greedy`, and remove `temperature`',
  };
}
