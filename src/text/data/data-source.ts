/** A file of data as a reader gets it. */
export interface DataSource {
  readonly path: string;
  /** How messages name it: `The data`, ``The input `responses` ``. */
  readonly name: string;
  /** A label of the WHATWG's Encoding Standard; by default UTF-8. */
  readonly encoding?: string;
  /** Dotted path of the array inside of a JSON object; found where it is unset. */
  readonly records?: string;
  /** Whether whoever gives the file has the settings `encoding` and `records`; else messages do not name them. */
  readonly hasSettings?: boolean;
}

/** One item of a file of data, before anybody asks what is in it. */
export interface FileItem {
  readonly value: unknown;
  /** Line of the file that it begins in, from 1, where the form has lines. */
  readonly line?: number;
}
