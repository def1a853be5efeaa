import type { Document, YAMLError } from 'yaml';
import type { Diagnostic, Place } from './diagnostic.ts';

type Explanation = Pick<Diagnostic, 'code' | 'message' | 'hint'>;

/** Messages for the mistakes that people make; the parser's own words, shortened, for the others. */
const EXPLANATIONS: Partial<Record<YAMLError['code'], Explanation>> = {
  TAB_AS_INDENT: {
    code: 'tab',
    message: 'a tab cannot indent YAML',
    hint: 'indent with spaces (most editors convert them)',
  },
  MULTIPLE_DOCS: {
    code: 'several-documents',
    message: 'a second document begins here; a pipeline is a single document',
    hint: 'remove the `---` line, or move what follows into a file of its own',
  },
  BAD_INDENT: {
    code: 'yaml-syntax',
    message: 'this line is not indented like its neighbours',
    hint: 'keys of the same map stand in the same column',
  },
  MULTILINE_IMPLICIT_KEY: {
    code: 'yaml-syntax',
    message: 'a key and its `:` must stand on one line',
    hint: 'is a `:` missing after this key, or a quote or bracket left open?',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    code: 'yaml-syntax',
    message: 'a nested map cannot begin on the same line',
    hint: 'text that holds `: ` needs quotes',
  },
  TAG_RESOLVE_FAILED: {
    code: 'tag',
    message: 'tags are not supported',
    hint: 'write the value without a tag; quotes make it text',
  },
};

/**
 * The first thing that keeps a text from being one YAML 1.2 document. Only the first: what a parser says after
 * it has lost its place helps nobody.
 */
export function syntaxDiagnostic(
  text: string,
  document: Document.Parsed,
  at: (start: number, end: number) => Place,
): Diagnostic | undefined {
  const { yaml } = document.directives ?? {};
  if (yaml?.explicit && yaml.version !== '1.2') {
    return {
      code: 'yaml-version',
      message: `pipelines are YAML 1.2, not ${yaml.version}`,
      place: at(Math.max(0, text.indexOf('%YAML')), text.indexOf('%YAML') + 5),
      hint: 'remove the %YAML line',
    };
  }
  const error = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0])[0];
  if (error === undefined) return undefined;
  const place = at(error.pos[0], endOnLine(text, error.pos));
  const tab = tabBefore(text, error.pos[0]);
  if (tab !== undefined) return { ...EXPLANATIONS.TAB_AS_INDENT!, place: at(tab, tab + 1) };
  const explanation = EXPLANATIONS[error.code];
  return explanation === undefined
    ? { code: 'yaml-syntax', message: plainMessage(error.message), place }
    : { ...explanation, place };
}

/** Offset of a tab in the indentation of the line of an error: the parser often stumbles only behind it. */
function tabBefore(text: string, offset: number): number | undefined {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1);
  const indentation = /^[ \t]*/.exec(line)?.[0] ?? '';
  const tab = indentation.indexOf('\t');
  return tab < 0 ? undefined : text.length - line.length + tab;
}

function endOnLine(text: string, [start, end]: readonly [number, number]): number {
  const newline = text.indexOf('\n', start);
  return newline < 0 ? end : Math.min(end, Math.max(newline, start + 1));
}

function plainMessage(message: string): string {
  return `not valid YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}
