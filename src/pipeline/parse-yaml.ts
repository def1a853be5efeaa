import { parseDocument } from 'yaml';
import { Composer } from './composer.ts';
import type { Place } from './diagnostic.ts';
import type { DiagnosticList } from './diagnostic-list.ts';
import type { Value } from './value.ts';
import { syntaxDiagnostic } from './yaml-syntax.ts';

/**
 * Reads YAML 1.2 (core schema) into a value with places. Refused, each with its place: what is not YAML,
 * and what YAML would change silently (numbers that are not finite or not exact, duplicate and merge keys,
 * keys that are not text, tags of other types, aliases that explode).
 * `base` is the offset of `text` in the source named `file`. Undefined where there is nothing to go on with.
 */
export function parseYaml(
  text: string,
  file: string,
  diagnostics: DiagnosticList,
  base = 0,
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
  return new Composer(at, diagnostics).compose(document.contents);
}
