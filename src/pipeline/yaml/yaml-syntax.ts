import { type Document, isAlias, isCollection, isScalar, visit, type YAMLError } from 'yaml';
import type { Diagnostic, Place } from '../diagnostics/diagnostic.ts';

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
    hint: 'text that holds `: ` needs quotes; or is the next line indented too far?',
  },
};

export const TOO_DEEP: Explanation = {
  code: 'too-deep',
  message: 'values are nested too deeply here',
  hint: 'a pipeline has a few levels; is a bracket repeated, or each line indented more than the one before?',
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
  const error = [...document.errors].sort((a, b) => a.pos[0] - b.pos[0])[0];
  if (error === undefined) return undefined;
  const place = at(error.pos[0], endOnLine(text, error.pos));
  // The parser's only word about a text that is nested beyond the stack.
  if (/call stack/.test(error.message)) return { ...TOO_DEEP, place };
  const tab = tabBefore(text, error.pos[0]);
  if (tab !== undefined) return { ...EXPLANATIONS.TAB_AS_INDENT!, place: at(tab, tab + 1) };
  const opened = isUnclosed(error) ? openedBefore(document, error.pos[0]) : undefined;
  if (opened !== undefined) return unclosed(text, opened, error.pos[0], at);
  const explanation = EXPLANATIONS[error.code];
  return explanation === undefined
    ? { code: 'yaml-syntax', message: plainMessage(error.message), place }
    : { ...explanation, place };
}

function unclosed(
  text: string,
  opened: number,
  reached: number,
  at: (start: number, end: number) => Place,
): Diagnostic {
  const sign = text[opened]!;
  const [what, closing] = BRACKETS[sign] ?? ['text', sign];
  const related = { message: 'it still continues here', place: at(reached, reached + 1) };
  return {
    code: 'yaml-syntax',
    message: `the ${what} that begins here is not closed`,
    place: at(opened, opened + 1),
    hint: `add \`${closing}\``,
    ...(text.slice(reached).trim() === '' ? {} : { related: [related] }),
  };
}

const BRACKETS: Readonly<Record<string, readonly [string, string]>> = {
  '{': ['map', '}'],
  '[': ['list', ']'],
};

/** Whether the parser missed a closing bracket or quote, or a line's indentation shows that one is missing. */
function isUnclosed({ code, message }: YAMLError): boolean {
  return code === 'MISSING_CHAR' || (code === 'BAD_INDENT' && message.startsWith('Flow'));
}

/** Offset of the bracket or quote that was opened last before an offset. */
function openedBefore(document: Document.Parsed, offset: number): number | undefined {
  let opened: number | undefined;
  visit(document, {
    Node(_, node) {
      if (isAlias(node) || node.range == null || node.range[0] >= offset || node.range[1] < offset) return;
      const isFlow = isCollection(node) && node.flow;
      const isQuoted = isScalar(node) && node.type?.startsWith('QUOTE');
      if (isFlow || isQuoted) opened = node.range[0];
    },
  });
  return opened;
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
