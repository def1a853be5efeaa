import type { Diagnostic, Place } from '../diagnostics/diagnostic.ts';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { closestName, nameHint } from '../diagnostics/did-you-mean.ts';
import { refuseCredentials } from '../resolve/refuse-credentials.ts';
import { PIPELINE_KEYS, STAGE_KEYS } from '../schema/pipeline-schema.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';
import type { Sources } from '../yaml/sources.ts';
import { get, type MapValue, type Path, type Value, withEntry, withoutEntry } from '../yaml/value.ts';
import { isNull } from './merge.ts';

/** What the names under a key of the pipeline stand for; no override makes a new one. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ['params', 'parameter'],
  ['stages', 'stage'],
  ['slots', 'slot'],
]);

/** What `--set` overrides are called in messages; they are read as the lines of one text. */
export const OVERRIDES = '--set';

/** Where a path meets a string: whether that string names a piece whose content the rest of the path changes. */
export type IsPiece = (path: Path) => boolean;

interface Override {
  readonly path: Path;
  /** Places of the steps of the path as written. */
  readonly steps: readonly Place[];
  readonly value: Value;
}

/**
 * Lays `--set key=value` overrides on a pipeline, in order. A single name is a parameter, then a key of the
 * file; a longer path starts with a key of the file, then with a parameter. `null` removes.
 */
export function applyOverrides(
  document: MapValue,
  overrides: readonly string[],
  sources: Sources,
  diagnostics: DiagnosticList,
  isPiece: (document: MapValue) => IsPiece,
): MapValue {
  if (overrides.length === 0) return document;
  sources.add(OVERRIDES, overrides.join('\n'));
  let result = document;
  let offset = 0;
  for (const text of overrides) {
    const override = parseOverride(text, offset, diagnostics);
    offset += text.length + 1;
    if (override === undefined) continue;
    refuseCredentials(override.value, sources, diagnostics);
    const resolved = resolvePath(override, result);
    if ('code' in resolved) diagnostics.add(resolved);
    else result = place(result, resolved, diagnostics, isPiece(result));
  }
  return result;
}

function parseOverride(text: string, base: number, diagnostics: DiagnosticList): Override | undefined {
  const at = (start: number, length: number): Place => ({
    file: OVERRIDES,
    offset: base + start,
    length: Math.max(1, length),
  });
  const equals = text.indexOf('=');
  const names = text.slice(0, Math.max(equals, 0)).split('.');
  if (equals < 0 || names.some((name) => name.trim() !== name || name === '')) {
    diagnostics.add({
      code: 'override-form',
      message: `\`${text}\` is not of the form key=value`,
      place: at(0, text.length),
      hint: 'like epochs=3 or stages.train.with.batch_size=4',
    });
    return undefined;
  }
  if (text.slice(equals + 1).trim() === '') {
    diagnostics.add({
      code: 'override-form',
      message: `\`${text}\` has no value`,
      place: at(0, text.length),
      hint: `write \`null\` to remove it, or '' for an empty text`,
    });
    return undefined;
  }
  const value = parseYaml(text.slice(equals + 1), OVERRIDES, diagnostics, base + equals + 1);
  let start = 0;
  const steps = names.map((name) => {
    const step = at(start, name.length);
    start += name.length + 1;
    return step;
  });
  return value && { path: names, steps, value };
}

/** The full path that an override means, or what is wrong with it. */
function resolvePath(override: Override, document: MapValue): Override | Diagnostic {
  const [first = '', second] = override.path;
  const params = get(document, 'params');
  const isParam = get(params, first) !== undefined;
  const isKey = PIPELINE_KEYS.includes(first);
  if (isParam && (second === undefined || !isKey)) {
    return {
      ...override,
      path: ['params', ...override.path],
      steps: [override.steps[0]!, ...override.steps],
    };
  }
  if (first === 'extends') {
    return {
      code: 'override-path',
      message: '`extends` cannot be overridden',
      place: override.steps[0]!,
      hint: 'write a small pipeline file that extends the other base',
    };
  }
  if (!isKey) {
    return {
      code: 'unknown-param',
      message: `there is no parameter \`${first}\``,
      place: override.steps[0]!,
      hint:
        stageHint(override.path, keysOf(get(document, 'stages'))) ??
        nameHint(first, [...keysOf(params), ...PIPELINE_KEYS], 'parameters and keys'),
    };
  }
  const what = KINDS.get(first);
  const known = what === undefined ? undefined : get(document, first);
  if (second === undefined || known === undefined || get(known, second) !== undefined) return override;
  return {
    code: `unknown-${first.replace(/s$/, '')}`,
    message: `there is no ${what} \`${second}\``,
    place: override.steps[1]!,
    hint: nameHint(second, keysOf(known), `${what}s`),
  };
}

/** What to write for a setting whose path begins with the name of its stage. */
function stageHint([first = '', ...rest]: Path, stages: readonly string[]): string | undefined {
  const stage = closestName(first, stages);
  if (stage === undefined || rest.length === 0) return undefined;
  const inside = STAGE_KEYS.includes(rest[0]!) ? rest : ['with', ...rest];
  return `did you mean \`${['stages', stage, ...inside].join('.')}\`?`;
}

/** Puts the override's value at its path; maps on the way that do not exist are made. */
function place(
  document: MapValue,
  override: Override,
  diagnostics: DiagnosticList,
  isPiece: IsPiece,
): MapValue {
  const descend = (value: Value | undefined, depth: number): Value | undefined => {
    if (depth === override.path.length) return isNull(override.value) ? undefined : override.value;
    const name = override.path[depth]!;
    const key = override.steps[depth]!;
    if (value?.kind === 'list') return placeInList(value.items, name, depth);
    const map = asMap(value, depth);
    if (map === undefined) return value;
    const inner = descend(map.entries.get(name)?.value, depth + 1);
    return inner === undefined ? withoutEntry(map, name) : withEntry(map, name, { key, value: inner });
  };

  const placeInList = (items: readonly Value[], name: string, depth: number): Value => {
    const index = /^\d+$/.test(name) ? Number(name) : -1;
    const list = { kind: 'list' as const, place: override.steps[depth - 1]!, items };
    const item = items[index];
    if (item === undefined) {
      diagnostics.add({
        code: 'override-path',
        message: `\`${override.path.slice(0, depth).join('.')}\` is a list of ${items.length} and has no item \`${name}\``,
        place: override.steps[depth]!,
        hint: `items are counted from 0; set the whole list with ${override.path.slice(0, depth).join('.')}=[…]`,
      });
      return list;
    }
    const inner = descend(item, depth + 1);
    return { ...list, items: inner === undefined ? items.toSpliced(index, 1) : items.with(index, inner) };
  };

  const asMap = (value: Value | undefined, depth: number): MapValue | undefined => {
    if (value?.kind === 'map') return value;
    const place = override.steps[Math.max(0, depth - 1)]!;
    if (value === undefined || isNull(value)) return { kind: 'map', entries: new Map(), place };
    if (isPiece(override.path.slice(0, depth))) {
      return { kind: 'map', place: value.place, entries: new Map([['use', { key: value.place, value }]]) };
    }
    diagnostics.add({
      code: 'override-path',
      message: `\`${override.path.slice(0, depth).join('.')}\` has no keys: it is a single value`,
      place: override.steps[depth]!,
      related: [{ message: 'it is set here', place: value.place }],
    });
    return undefined;
  };

  return descend(document, 0) as MapValue;
}

function keysOf(value: Value | undefined): readonly string[] {
  return value?.kind === 'map' ? [...value.entries.keys()] : [];
}
