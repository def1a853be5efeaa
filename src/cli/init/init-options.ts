/** What `pipe init` was asked for. */
export interface InitOptions {
  /** A file of data; absent: the small questions that come with pipe. */
  readonly data?: string;
  /** Label of the encoding of the data. */
  readonly encoding?: string;
  /** A named model, a folder, a GGUF file, or a repository of Hugging Face. */
  readonly model?: string;
  /** Ask nothing. */
  readonly yes?: true;
}
