/** What an annotation points to; lines and columns count from 1. */
export interface AnnotatedPlace {
  /** Relative to the repository, or absolute. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Where a stage is declared, if that is known. */
export type PlaceOf = (stage: string) => AnnotatedPlace | undefined;

/**
 * The workflow command with which GitHub Actions annotates a run:
 * `::error file=x.yaml,line=3,col=5,title=judge::The server does not answer%0AStart it with ollama serve`.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
export function annotation(
  level: 'error' | 'warning',
  title: string,
  { message, hint }: { readonly message: string; readonly hint?: string | undefined },
  place?: AnnotatedPlace,
): string {
  const at = place && `file=${property(place.file)},line=${place.line},col=${place.column},`;
  const text = data(hint === undefined ? message : `${message}\n${hint}`);
  return `::${level} ${at ?? ''}title=${property(title)}::${text}`;
}

/** Escapes the text of a workflow command. */
export function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** Escapes a property of a workflow command, which colons and commas would end. */
function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
