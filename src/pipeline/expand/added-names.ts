import type { Place } from '../diagnostics/diagnostic.ts';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { closestName, nameHint } from '../diagnostics/did-you-mean.ts';
import { paramsOfConditions } from '../resolve/when.ts';
import { get, type MapValue, type Path, type Value, withEntry, withoutEntry } from '../yaml/value.ts';
import { referencesIn } from './interpolate.ts';
import { isNull } from './merge.ts';

/** A parameter, or a value inside one, that an extending file has and its base has not. */
export interface AddedParam {
  readonly path: Path;
  readonly key: Place;
  /** Names that the base has in this place. */
  readonly known: readonly string[];
}

/** The parameters that `own` adds to those of its base. */
export function addedParams(base: Value | undefined, own: Value | undefined, path: Path = []): AddedParam[] {
  if (own?.kind !== 'map') return [];
  const known = base?.kind === 'map' ? [...base.entries.keys()] : [];
  return [...own.entries].flatMap(([name, { key, value }]) => {
    const below = get(base, name);
    if (below === undefined) return [{ path: [...path, name], key, known }];
    return below.kind === 'map' ? addedParams(below, value, [...path, name]) : [];
  });
}

/**
 * Says which added parameters nothing reads: whoever extends a file changes its parameters, and one with a slip in its name
 * would change nothing. One that a stage reads is new.
 */
export function refuseUnreadParams(
  added: readonly AddedParam[],
  stages: Value | undefined,
  diagnostics: DiagnosticList,
): void {
  if (added.length === 0 || stages === undefined) return;
  const read = [...referencesIn(stages), ...paramsOfConditions(stages)];
  for (const { path, key, known } of added) {
    if (read.some((reference) => isPrefix(reference, path) || isPrefix(path, reference))) continue;
    const name = path.at(-1)!;
    diagnostics.add({
      code: 'unknown-param',
      message: `what this file extends has no parameter \`${path.join('.')}\`, and no stage reads it`,
      place: key,
      hint: nameHint(name, known, 'parameters'),
    });
  }
}

/**
 * An extending file without its stages whose names are slips of those of its base, and says so: without \`uses\` they are no
 * stages of their own.
 */
export function withoutMisspeltStages(base: MapValue, own: MapValue, diagnostics: DiagnosticList): MapValue {
  const [below, stages] = [get(base, 'stages'), own.entries.get('stages')];
  if (below?.kind !== 'map' || stages?.value.kind !== 'map') return own;
  let kept = stages.value;
  for (const [name, { key, value }] of stages.value.entries) {
    const complete = value.kind !== 'map' && !isNull(value);
    if (below.entries.has(name) || complete || get(value, 'uses') !== undefined) continue;
    const meant = closestName(name, below.entries.keys());
    if (meant === undefined) continue;
    diagnostics.add({
      code: 'unknown-stage',
      message: `what this file extends has no stage \`${name}\`, and without \`uses\` it is no new one`,
      place: key,
      hint: `did you mean \`${meant}\`?`,
    });
    kept = withoutEntry(kept, name);
  }
  return withEntry(own, 'stages', { ...stages, value: kept });
}

function isPrefix(short: Path, long: Path): boolean {
  return short.length <= long.length && short.every((step, i) => step === long[i]);
}
