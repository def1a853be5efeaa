import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import type { Sources } from '../yaml/sources.ts';
import { mapScalars, type Value } from '../yaml/value.ts';

const REFERENCE = /(?<!\$)\$\{[^}]*\}?/;

/**
 * Readies parameters for use: they are values, not templates, so `$${` becomes `${` and a reference to
 * another parameter is an error.
 */
export function literalParams(params: Value, sources: Sources, diagnostics: DiagnosticList): Value {
  return mapScalars(params, (scalar) => {
    if (typeof scalar.value !== 'string' || !scalar.value.includes('${')) return scalar;
    const reference = REFERENCE.exec(scalar.value)?.[0];
    if (reference !== undefined) {
      diagnostics.add({
        code: 'template-in-params',
        message: `a parameter cannot refer to another: \`${reference}\``,
        place: sources.narrow(scalar.place, reference),
        hint: `refer to both where they are used, or write \`$${reference}\` for the text itself`,
      });
    }
    return { ...scalar, value: scalar.value.replaceAll('$${', '${') };
  });
}
