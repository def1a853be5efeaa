/** A stretch of a source file, in UTF-16 code units; line and column are worked out only when it is printed. */
export interface Place {
  /** Absolute path, or a label such as `--set`. */
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/** One thing that is wrong with a pipeline, as plain data. */
export interface Diagnostic {
  /** Stable name of the rule, for tests and editors: `unknown-key`, `cycle`. */
  readonly code: string;
  readonly message: string;
  /** An error where absent. */
  readonly severity?: 'warning';
  readonly place: Place;
  /** The place holds a credential: no code frame may show it. */
  readonly conceal?: boolean;
  /** What to do next, where there is something to say: "did you mean `epochs`?". */
  readonly hint?: string;
  /** Further places that belong to it (the first of two duplicate keys). */
  readonly related?: readonly { readonly message: string; readonly place: Place }[];
}

/** Everything that is wrong with a pipeline and the files that it refers to, all at once. */
export class PipelineError extends Error {
  override readonly name = 'PipelineError';
  readonly diagnostics: readonly Diagnostic[];
  /** Text of every file that a diagnostic points into, for code frames. */
  readonly sources: ReadonlyMap<string, string>;

  /** What loads pipelines is in a bundle of its own, with its copy of this class: the name tells, not the copy. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'PipelineError';
  }

  constructor(diagnostics: readonly Diagnostic[], sources: ReadonlyMap<string, string>) {
    super(diagnostics.map((diagnostic) => diagnostic.message).join('\n'));
    this.diagnostics = diagnostics;
    this.sources = sources;
  }
}
