import type { Problem } from '../contract/stage-type.ts';
import { warmupUpdates } from '../training/learning-rate.ts';
import type { TrainSettings } from './train.ts';

/** What is wrong with the learning rates; more can be seen where the number of updates is known. */
export function learningRateProblems(settings: TrainSettings, updates?: number): Problem[] {
  const { learning_rate, schedule, warmup, initial_learning_rate, minimum_learning_rate } = settings;
  const problems: Problem[] = [];
  const notAbovePeak = (name: string, rate: number) => {
    if (rate <= learning_rate) return;
    problems.push({
      message: `\`${name}\` is ${rate}, above the highest learning rate of the training, ${learning_rate}.`,
      hint: `Lower \`${name}\`, or raise \`learning_rate\`.`,
    });
  };
  if (warmup > 0) notAbovePeak('initial_learning_rate', initial_learning_rate);
  if (schedule === 'cosine') notAbovePeak('minimum_learning_rate', minimum_learning_rate);
  if (warmup > 1 && !Number.isInteger(warmup)) {
    problems.push({
      message: `\`warmup\` is ${warmup}, which is neither a whole number of updates nor a share of them below 1.`,
      hint: `Give the updates (\`warmup: ${Math.round(warmup)}\`) or a share (\`warmup: 0.2\`).`,
    });
  } else if (updates && warmupUpdates(warmup, updates) >= updates) {
    problems.push({
      message: `The warm-up takes ${warmup} updates, but the whole training has ${updates}.`,
      hint: 'Lower `warmup` (`warmup: 0.2` is a fifth of all updates), or train for more `epochs`.',
    });
  }
  return problems;
}
