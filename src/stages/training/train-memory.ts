import type { Problem } from '../../contract/stage-type.ts';
import { type TrainingSize, trainingMemory } from '../../training/memory.ts';

/** Sizes in bytes of the published models with a head of their own. */
const MODELS = { 'gpt2-large': 3.35e9, 'gpt2-medium': 1.63e9, 'gpt2-small': 0.65e9 } as const;

export interface BatchSettings {
  readonly batch_size: number;
  readonly gradient_accumulation: number;
  readonly gradient_checkpointing: boolean;
  readonly lora?: unknown;
}

/** The need in bytes for some texts, or pairs, at once, also where something of the size is changed. */
export type Need = (atOnce: number, change?: Partial<TrainingSize>) => number;

/** What is wrong where a training needs more memory than there is, with what would fit; `adapters`: whether `lora` is a choice. */
export function memoryProblem(
  needed: Need,
  settings: BatchSettings,
  available: number,
  { adapters }: { readonly adapters: boolean },
): Problem | undefined {
  const { batch_size, gradient_checkpointing, lora } = settings;
  if (needed(batch_size) <= available) return undefined;
  const fitting = (change: Partial<TrainingSize>, advice: string) => {
    const need = needed(batch_size, change);
    return need <= available ? [advice.replace('SIZE', `about ${gigabytes(need)}`)] : [];
  };
  const advice = [
    ...(gradient_checkpointing
      ? []
      : fitting(
          { gradientCheckpointing: true },
          'set `gradient_checkpointing: true` (the same result in SIZE, a third slower)',
        )),
    ...smallerBatches(needed, settings, available),
    ...(adapters && !lora ? fitting({ adapter: 0 }, 'train an adapter only with `lora: {}` (SIZE)') : []),
    ...smallerModel(needed, settings, available),
  ];
  return {
    message: `Training in batches of ${batch_size} needs about ${gigabytes(needed(batch_size))} of memory, and ${gigabytes(available)} are free.`,
    hint: `Close other programs${advice.map((one) => `, or ${one}`).join('')}.`,
  };
}

/** The same updates from batches of half as many texts, or a quarter, and so on. */
function smallerBatches(
  needed: Need,
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
  needed: Need,
  { batch_size, gradient_checkpointing: gradientCheckpointing, lora }: BatchSettings,
  available: number,
): string[] {
  const size = { textsAtOnce: batch_size, gradientCheckpointing, ...(lora !== undefined && { adapter: 0 }) };
  const need = (bytes: number) => trainingMemory(bytes, size);
  const fitting = Object.entries(MODELS).find(
    ([, bytes]) => need(bytes) <= available && need(bytes) < needed(batch_size),
  );
  return fitting ? [`start from ${fitting[0]} (about ${gigabytes(need(fitting[1]))})`] : [];
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
