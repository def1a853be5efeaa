/** Something that a word may be completed to. */
export interface Candidate {
  /** The whole word, without quotes. */
  readonly value: string;
  readonly about?: string;
  /** More of the same word may follow: a value after `learning_rate=`, a file after a folder. */
  readonly open?: true;
}

/** What the words before the cursor say. */
export interface Typed {
  /** Arguments of the verb that are no options. */
  readonly given: readonly string[];
  /** Values of options, by the option's long name, in order. */
  readonly options: ReadonlyMap<string, readonly string[]>;
}
