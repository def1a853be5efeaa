/** Where the code of an own stage is. */
export interface OwnCode {
  /** Absolute path of the file that the pipeline names, from whose folder packages are found. */
  readonly file: string;
  /** Absolute path of the bundle: its code with all local imports. */
  readonly bundle: string;
  /** sha256 of the bundle. */
  readonly digest: string;
}
