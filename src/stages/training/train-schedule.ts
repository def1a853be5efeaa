import type { Problem } from '../../contract/stage-type.ts';
import { warmupUpdates } from '../../training/optimizer/learning-rate.ts';
import { evaluationsIn } from '../../training/state/early-stopping.ts';
import type { OptimizationSettings } from './optimization-settings.ts';

/** What is wrong with how a training is to go, as far as its settings show, and its number of updates where it is known. */
export function scheduleProblems(settings: OptimizationSettings, updates?: number): Problem[] {
  return [
    ...rateProblems(settings),
    ...warmupProblems(settings, updates),
    ...stoppingProblems(settings, updates),
  ];
}

/** Rates that the schedule does not use may be anything, so that schedules can be compared in a sweep. */
function rateProblems(settings: OptimizationSettings): Problem[] {
  const { learning_rate, schedule, warmup } = settings;
  const used = [
    ...(warmup > 0 ? (['initial_learning_rate'] as const) : []),
    ...(schedule === 'cosine' ? (['minimum_learning_rate'] as const) : []),
  ];
  return used
    .filter((name) => settings[name] > learning_rate)
    .map((name) => ({
      message: `\`${name}\` is ${settings[name]}, above the highest learning rate of the training, ${learning_rate}.`,
      hint: `Lower \`${name}\`, or raise \`learning_rate\`.`,
    }));
}

function warmupProblems({ warmup }: OptimizationSettings, updates: number | undefined): Problem[] {
  if (warmup > 1 && !Number.isInteger(warmup)) {
    return [
      {
        message: `\`warmup\` is ${warmup}, which is neither a whole number of updates nor a share of them below 1.`,
        hint: `Give the updates (\`warmup: ${Math.round(warmup)}\`) or a share (\`warmup: 0.2\`).`,
      },
    ];
  }
  if (!updates || warmupUpdates(warmup, updates) < updates) return [];
  return [
    {
      message: `The warm-up takes ${warmup} updates, but the whole training has ${updates}.`,
      hint: 'Lower `warmup` (`warmup: 0.2` is a fifth of all updates), or train for more `epochs`.',
    },
  ];
}

function stoppingProblems(
  { early_stopping, eval_every }: OptimizationSettings,
  updates: number | undefined,
): Problem[] {
  if (!early_stopping || !updates) return [];
  const evaluations = evaluationsIn(updates, eval_every);
  const { patience } = early_stopping;
  if (patience <= evaluations) return [];
  return [
    {
      message: `\`early_stopping\` waits for ${patience} evaluations without an improvement, but the training's ${updates} updates have only ${evaluations}.`,
      hint: 'Lower `patience` or `eval_every`, or leave `early_stopping` out.',
    },
  ];
}
