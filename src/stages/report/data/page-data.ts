/** What the page's script reads: the same texts that the page shows without it, and the items that it does not show. */
export interface PageData {
  /** Names of the models, in the order of the answers. */
  readonly models: readonly string[];
  readonly items: readonly PageItem[];
  readonly curves: readonly CurveData[];
}

export interface PageItem {
  readonly instruction: string;
  readonly input: string;
  readonly output: string;
  /** Null where a model has none. */
  readonly answers: readonly (Answer | null)[];
}

/** What one model answered, and what its judge made of that. */
export interface Answer {
  /** Absent if only its score is known. */
  readonly response?: string;
  readonly score: number | null;
  /** Why there is no score. */
  readonly reason?: string;
  /** The judge's words from which the score was read. */
  readonly reply?: string;
  /** The judge's words about the response, asked for in a question of its own. */
  readonly rationale?: string;
  /** What the score is the mean of, where it is one: by criterion, by order, by judge. */
  readonly parts?: readonly ScorePart[];
}

export interface ScorePart {
  readonly name: string;
  readonly score: number | null;
  readonly reason?: string;
  readonly reply?: string;
}

/** The losses of one training. */
export interface CurveData {
  readonly name: string;
  readonly points: readonly CurvePoint[];
}

export interface CurvePoint {
  /** Updates made so far. */
  readonly step: number;
  readonly epoch: number;
  /** Tokens seen so far. */
  readonly tokens: number;
  readonly train: number;
  readonly validation: number;
  /** The weights of this evaluation are the result. */
  readonly kept?: true;
}
