import { relative } from 'node:path';
import type { PipelineError } from '../pipeline/diagnostics/diagnostic.ts';
import { concealCredentials } from '../pipeline/resolve/url-credentials.ts';
import { LineTable } from '../pipeline/yaml/line-table.ts';
import { annotation } from '../reporters/annotation.ts';

/** GitHub shows no more of a step. */
const MOST_ANNOTATIONS = 10;

/** What is wrong with a pipeline as annotations of a run on GitHub Actions, each at its file and line. */
export function diagnosticAnnotations({ diagnostics, sources }: PipelineError): readonly string[] {
  return diagnostics.slice(0, MOST_ANNOTATIONS).map(({ severity, place, message, hint, code }) => {
    const text = sources.get(place.file);
    const said = {
      message: concealCredentials(message),
      hint: hint === undefined ? undefined : concealCredentials(hint),
    };
    if (text === undefined || place.file.startsWith('--')) return annotation(severity ?? 'error', code, said);
    const position = new LineTable(text).position(place.offset);
    return annotation(severity ?? 'error', code, said, { file: relative('.', place.file), ...position });
  });
}
