import { parseDocument } from 'yaml';
import type { Place } from '../diagnostics/diagnostic.ts';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { Composer } from './composer.ts';
import type { Value } from './value.ts';
import { syntaxDiagnostic, TOO_DEEP } from './yaml-syntax.ts';

/**
 * Reads YAML 1.2 (core schema) into a value with places. Refused, each with its place: what is not YAML,
 * and what YAML would change silently (numbers that are not finite or not exact, duplicate keys, keys that are not
 * text, tags of other types, aliases that explode). Merge keys (`<<`) are read as YAML 1.1 defines them.
 * `base` is the offset of `text` in the source named `file`. Undefined where there is nothing to continue with.
 */
export function parseYaml(
  text: string,
  file: string,
  diagnostics: DiagnosticList,
  base = 0,
): Value | undefined {
  const deep = nestingProblem(text);
  if (deep !== undefined) {
    diagnostics.add({ ...TOO_DEEP, place: { file, offset: base + deep, length: 1 } });
    return undefined;
  }
  try {
    return parseShallow(text, file, diagnostics, base);
  } catch (error) {
    // The parser's only word about a text that is nested beyond the stack.
    if (!(error instanceof RangeError)) throw error;
    diagnostics.add({ ...TOO_DEEP, place: { file, offset: base, length: 1 } });
    return undefined;
  }
}

/** Brackets that may be open at once: the parser takes time with the square of their number. */
const MOST_OPEN = 1000;

/** Offset of the first bracket too many. Those in texts count too, but there nobody leaves a thousand open. */
function nestingProblem(text: string): number | undefined {
  let open = 0;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (sign === '[' || sign === '{') {
      if (++open > MOST_OPEN) return at;
    } else if ((sign === ']' || sign === '}') && open > 0) open--;
  }
  return undefined;
}

function parseShallow(
  text: string,
  file: string,
  diagnostics: DiagnosticList,
  base: number,
): Value | undefined {
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
    // A second document is an error only above `silent`; nothing is ever logged here.
    logLevel: 'error',
  });
  const at = (start: number, end: number): Place => ({
    file,
    offset: base + start,
    length: Math.max(1, end - start),
  });
  const syntax = syntaxDiagnostic(text, document, at);
  if (syntax !== undefined) {
    diagnostics.add(syntax);
    return undefined;
  }
  if (document.contents === null) return { kind: 'scalar', value: null, place: at(0, 0) };
  return new Composer(text, at, diagnostics).compose(document.contents);
}
