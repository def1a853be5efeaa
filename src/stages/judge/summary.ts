import type { Judgement } from './judgement.ts';
import type { OllamaJudge, ReferenceJudge } from './settings.ts';

/** The `summary` artifact. Null where there are too few scores to tell. */
export interface Summary extends Statistics {
  readonly judge: {
    readonly kind: string;
    readonly label: string;
    /** False where no language model judged. */
    readonly language_model: boolean;
    readonly model?: string;
    readonly metric?: string;
  };
}

export interface Statistics {
  readonly items: number;
  readonly scored: number;
  readonly unscored: number;
  readonly mean: number | null;
  /** Of the sample (n - 1). */
  readonly standard_deviation: number | null;
  /** Normal interval of the mean, mean ± 1.96 s/√n, within 0 to 100. */
  readonly interval_95: readonly [number, number] | null;
}

/** 97.5 % quantile of the standard normal distribution. */
const Z_95 = 1.959963984540054;

/** Sums up judgements together with who made them. Holds nothing that depends on time or host. */
export function summarise(judge: OllamaJudge | ReferenceJudge, judgements: readonly Judgement[]): Summary {
  const { kind, label } = judge;
  return {
    judge:
      judge.kind === 'ollama'
        ? { kind, label, language_model: true, model: judge.model }
        : { kind, label, language_model: false, metric: judge.metric },
    ...statistics(judgements),
  };
}

/** Counts, mean and spread of the scores; items without a score enter only the counts. */
export function statistics(judgements: readonly Pick<Judgement, 'score'>[]): Statistics {
  const scores = judgements.flatMap(({ score }) => (score === null ? [] : [score]));
  const n = scores.length;
  const mean = n === 0 ? null : scores.reduce((sum, score) => sum + score, 0) / n;
  const deviation =
    mean === null || n < 2
      ? null
      : Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / (n - 1));
  const margin = deviation === null ? null : (Z_95 * deviation) / Math.sqrt(n);
  return {
    items: judgements.length,
    scored: n,
    unscored: judgements.length - n,
    mean,
    standard_deviation: deviation,
    interval_95:
      mean === null || margin === null ? null : [Math.max(0, mean - margin), Math.min(100, mean + margin)],
  };
}
