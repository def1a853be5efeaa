import type { Problem } from '../../contract/stage-type.ts';
import { trainingMemory } from '../../training/memory.ts';

/** Sizes in bytes of the published models with a head of their own. */
const MODELS = { 'gpt2-large': 3.35e9, 'gpt2-medium': 1.63e9, 'gpt2-small': 0.65e9 } as const;

export interface BatchSettings {
  readonly batch_size: number;
  readonly gradient_accumulation: number;
  readonly lora?: unknown;
}

/**
 * What is wrong where a training needs more memory than there is, with what would fit; `needed` is the need in
 * bytes for a number of texts at once, and `neededByAdapter` where only an adapter is trained, if that is a choice.
 */
export function memoryProblem(
  needed: (textsAtOnce: number) => number,
  settings: BatchSettings,
  available: number,
  neededByAdapter = Number.POSITIVE_INFINITY,
): Problem | undefined {
  const { batch_size } = settings;
  if (needed(batch_size) <= available) return undefined;
  const advice = [
    ...smallerBatches(needed, settings, available),
    ...(neededByAdapter <= available
      ? [`train an adapter only with \`lora: {}\` (about ${gigabytes(neededByAdapter)})`]
      : []),
    ...smallerModel(needed, settings, available),
  ];
  return {
    message: `Training in batches of ${batch_size} needs about ${gigabytes(needed(batch_size))} of memory, and ${gigabytes(available)} are free.`,
    hint: `Close other programs${advice.map((one) => `, or ${one}`).join('')}.`,
  };
}

/** The same updates from batches of half as many texts, or a quarter, and so on. */
function smallerBatches(
  needed: (textsAtOnce: number) => number,
  { batch_size, gradient_accumulation }: BatchSettings,
  available: number,
): string[] {
  for (let parts = 2; batch_size % parts === 0; parts *= 2) {
    const size = batch_size / parts;
    if (needed(size) > available) continue;
    return [
      `use \`batch_size: ${size}\` with \`gradient_accumulation: ${gradient_accumulation * parts}\` (the same training in about ${gigabytes(needed(size))})`,
    ];
  }
  return [];
}

function smallerModel(
  needed: (textsAtOnce: number) => number,
  { batch_size, lora }: BatchSettings,
  available: number,
): string[] {
  const need = (bytes: number) => trainingMemory(bytes, batch_size, lora ? 'adapter' : 'all');
  const fitting = Object.entries(MODELS).find(
    ([, bytes]) => need(bytes) <= available && need(bytes) < needed(batch_size),
  );
  return fitting ? [`start from ${fitting[0]} (about ${gigabytes(need(fitting[1]))})`] : [];
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
