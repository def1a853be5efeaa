/** How the learning rate moves during a training. All rates are those of AdamW. */
export interface LearningRateOptions {
  /** What follows the warm-up: the peak to the end, or half a wave of a cosine down to the minimum. */
  readonly schedule: 'constant' | 'cosine';
  readonly peak: number;
  /** Updates that it takes to rise from `initial` to `peak`; below 1 a share of all updates. */
  readonly warmup: number;
  readonly initial: number;
  readonly minimum: number;
}

/**
 * Learning rate of the update after `earlier` ones, of `updates` in all. The formula is that of appendix D of
 * "Build a Large Language Model (From Scratch)", for w updates of warm-up:
 * - in the warm-up (earlier < w): initial + earlier * (peak - initial) / w
 * - then: minimum + (peak - minimum) * (1 + cos(pi * (earlier - w) / (updates - w))) / 2
 *
 * So the first update after the warm-up has the peak, and the minimum would be that of the update after the last.
 */
export function learningRateAt(earlier: number, options: LearningRateOptions, updates: number): number {
  const { schedule, peak, initial, minimum } = options;
  const warmup = warmupUpdates(options.warmup, updates);
  if (earlier < warmup) return initial + earlier * ((peak - initial) / warmup);
  if (schedule === 'constant') return peak;
  const progress = (earlier - warmup) / (updates - warmup);
  return minimum + (peak - minimum) * 0.5 * (1 + Math.cos(Math.PI * progress));
}

/** Updates of a warm-up that is given in updates or, below 1, as a share of all of them, rounded down. */
export function warmupUpdates(warmup: number, updates: number): number {
  return warmup < 1 ? Math.floor(warmup * updates) : warmup;
}
