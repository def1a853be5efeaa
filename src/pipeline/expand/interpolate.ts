import type { Diagnostic, Place } from '../diagnostics/diagnostic.ts';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { nameHint } from '../diagnostics/did-you-mean.ts';
import type { Sources } from '../yaml/sources.ts';
import { type MapValue, mapScalars, type Path, type ScalarValue, type Value } from '../yaml/value.ts';

/** `$${` is an escaped `${`; otherwise everything up to `}` is a reference. */
const TEMPLATE = /\$\$\{|\$\{([^}]*)\}?/g;
const REFERENCE = /^\s*params((?:\.[A-Za-z0-9_-]+)*)\s*$/;

export interface Interpolation {
  readonly params: MapValue;
  readonly sources: Sources;
  readonly diagnostics: DiagnosticList;
  /** Names of the parameters that were read; `*` where all were (`${params}`). Added to. */
  readonly used: Set<string>;
}

/**
 * Replaces `${params}`, `${params.x}` and `${params.a.b}` in every text of a value. A reference that is the
 * whole text gives the parameter's value with its type; inside a text it must be text, a number or a truth
 * value. `$${` stands for `${`. What cannot be replaced stays, with a diagnostic.
 */
export function interpolate(value: Value, context: Interpolation): Value {
  return mapScalars(value, (scalar) =>
    typeof scalar.value === 'string' && scalar.value.includes('${')
      ? interpolateText(scalar, scalar.value, context)
      : scalar,
  );
}

/** The parameters that the texts of a value refer to, as paths; the empty one stands for all of them. */
export function referencesIn(value: Value): readonly Path[] {
  if (value.kind === 'list') return value.items.flatMap(referencesIn);
  if (value.kind === 'map') return [...value.entries.values()].flatMap((entry) => referencesIn(entry.value));
  if (typeof value.value !== 'string' || !value.value.includes('${')) return [];
  return [...value.value.matchAll(TEMPLATE)].flatMap(([, reference]) => {
    const path = REFERENCE.exec(reference ?? '')?.[1];
    return path === undefined ? [] : [path.split('.').slice(1)];
  });
}

function interpolateText(scalar: ScalarValue, text: string, context: Interpolation): Value {
  const matches = [...text.matchAll(TEMPLATE)];
  const [only] = matches;
  if (matches.length === 1 && only?.[1] !== undefined && only[0] === text) {
    const found = lookUp(only, scalar, context);
    return found === undefined
      ? scalar
      : { ...found, place: scalar.place, origin: found.origin ?? found.place };
  }
  let failed = false;
  let end = 0;
  const parts: string[] = [];
  for (const match of matches) {
    const words = match[1] === undefined ? '${' : wordsOf(match, scalar, context);
    failed ||= words === undefined;
    parts.push(text.slice(end, match.index), words ?? match[0]);
    end = match.index + match[0].length;
  }
  return failed ? scalar : { ...scalar, value: parts.join('') + text.slice(end) };
}

/** What a reference inside a text becomes; undefined, with a diagnostic, where that cannot be said. */
function wordsOf(match: RegExpExecArray, scalar: ScalarValue, context: Interpolation): string | undefined {
  const found = lookUp(match, scalar, context);
  if (found === undefined) return undefined;
  const words = asText(found);
  if (words === undefined)
    context.diagnostics.add(notText(match[0], found, context.sources.narrow(scalar.place, match[0])));
  else if (found.kind === 'scalar' && changesMeaning(found))
    context.diagnostics.add(respelled(found, words, scalar.place));
  return words;
}

/** The parameter that one `${…}` names; undefined, with a diagnostic, where it names none. */
function lookUp(match: RegExpExecArray, scalar: ScalarValue, context: Interpolation): Value | undefined {
  const written = match[0];
  const place = context.sources.narrow(scalar.place, written);
  const reference = REFERENCE.exec(match[1] ?? '');
  if (reference === null || !written.endsWith('}')) {
    context.diagnostics.add({
      code: 'unknown-reference',
      message: `\`${written}\` is not a reference: only \`\${params.NAME}\` is`,
      place,
      hint: `write \`$${written}\` for the text itself`,
    });
    return undefined;
  }
  const names = (reference[1] ?? '').split('.').slice(1);
  context.used.add(names[0] ?? '*');
  const found = parameterAt(context.params, names);
  if (!('unknown' in found)) return found;
  context.diagnostics.add({ ...found.unknown, place });
  return undefined;
}

/** The parameter, or the value inside one, that names lead to; what is wrong where there is none. */
export function parameterAt(
  params: MapValue,
  names: Path,
): Value | { readonly unknown: Omit<Diagnostic, 'place'> } {
  let value: Value = params;
  for (const [depth, name] of names.entries()) {
    const next: Value | undefined = child(value, name);
    if (next === undefined) {
      const message = `there is no parameter \`${names.slice(0, depth + 1).join('.')}\``;
      const hint = nameHint(name, value.kind === 'map' ? value.entries.keys() : [], 'parameters');
      return { unknown: { code: 'unknown-param', message, hint } };
    }
    value = next;
  }
  return value;
}

function child(value: Value, name: string): Value | undefined {
  if (value.kind === 'map') return value.entries.get(name)?.value;
  return value.kind === 'list' && /^\d+$/.test(name) ? value.items[Number(name)] : undefined;
}

function asText(value: Value): string | undefined {
  return value.kind === 'scalar' && value.value !== null ? String(value.value) : undefined;
}

/** A negative exponent is how people write small rates, which nothing reads as anything else than the number. */
function changesMeaning({ spelling }: ScalarValue): boolean {
  return spelling !== undefined && !/^\d+(\.\d*)?e-\d+$/i.test(spelling);
}

function respelled({ spelling, value, origin, place }: ScalarValue, words: string, text: Place): Diagnostic {
  const kind = typeof value === 'number' ? 'the number' : 'the truth value';
  return {
    code: 'respelled',
    message: `${spelling} is read as ${kind} ${words}; put it in quotes`,
    place: origin ?? place,
    hint: `"${spelling}" stays as it is where it becomes part of a text`,
    related: [{ message: 'it becomes part of this text', place: text }],
  };
}

function notText(written: string, found: Value, place: Place): Diagnostic {
  const what = found.kind === 'map' ? 'an object' : found.kind === 'list' ? 'a list' : 'null';
  return {
    code: 'not-text',
    message: `\`${written}\` is ${what} and cannot be part of a text`,
    place,
    hint: 'it can be a whole value; inside a text, name one of its values',
    related: [{ message: 'the parameter is given here', place: found.place }],
  };
}
