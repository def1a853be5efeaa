/** One element of a `scores` artifact: what a judge made of one response. */
export interface Judgement {
  /** Index of the response in its file. */
  readonly index: number;
  /** 0 to 100, or null where the judge's reply cannot be understood. */
  readonly score: number | null;
  /** Why there is no score. */
  readonly reason?: string;
  /** The judge's words as they came; a comparison has none. */
  readonly reply?: string;
  /** The judge's verdict in free text, for the first items. */
  readonly rationale?: string;
  /** Comparisons with the expected output, 0 to 100. */
  readonly exact_match?: number;
  readonly rouge_l?: number;
}
