import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { nameHint } from '../diagnostics/did-you-mean.ts';
import { sweepIntentHint } from '../diagnostics/known-intents.ts';
import { type Entry, type MapValue, toJson, type Value, withEntry } from '../yaml/value.ts';
import { OVERRIDES } from './override.ts';

/** More variants than this are taken for a mistake. */
const MOST_VARIANTS = 1000;

/** One point of the sweep, before stages are resolved. */
export interface Point {
  /** `learning_rate=0.00001,epochs=1`; empty without a sweep. */
  readonly label: string;
  /** Parameters with the values of this point. */
  readonly params: MapValue;
  /** Label parts of the swept parameters, by name, in the order of the file. */
  readonly parts: ReadonlyMap<string, string>;
}

/** Every combination of the swept values, the last parameter changing fastest; one point without a sweep. */
export function expandSweep(
  sweep: MapValue | undefined,
  params: MapValue,
  diagnostics: DiagnosticList,
): readonly Point[] {
  let points: readonly Point[] = [{ label: '', params, parts: new Map() }];
  for (const [name, entry] of sweep?.entries ?? []) {
    const values = sweptValues(name, entry, params, diagnostics);
    if (points.length * values.length > MOST_VARIANTS) {
      diagnostics.add({
        code: 'big-sweep',
        message: `the sweep has more than ${MOST_VARIANTS} combinations`,
        place: entry.key,
        hint: 'sweep fewer parameters at once, or fewer values',
      });
      return points;
    }
    if (values.length > 0)
      points = points.flatMap((point) => values.map((value) => extend(point, name, value)));
  }
  return points;
}

function extend(point: Point, name: string, value: Value): Point {
  const parts = new Map(point.parts).set(name, `${name}=${labelOf(value)}`);
  const key = point.params.entries.get(name)!.key;
  return {
    label: [...parts.values()].join(','),
    params: withEntry(point.params, name, { key, value }),
    parts,
  };
}

/** The values of one swept parameter; none where something is wrong with them. */
function sweptValues(
  name: string,
  entry: Entry,
  params: MapValue,
  diagnostics: DiagnosticList,
): readonly Value[] {
  const param = params.entries.get(name);
  if (param === undefined) {
    diagnostics.add({
      code: 'unknown-param',
      message: `there is no parameter \`${name}\` to sweep over`,
      place: entry.key,
      hint: sweepIntentHint(name) ?? nameHint(name, params.entries.keys(), 'parameters'),
    });
    return [];
  }
  if (param.value.place.file === OVERRIDES && entry.value.place.file !== OVERRIDES) {
    diagnostics.add({
      code: 'swept-override',
      message: `\`${name}\` is swept, so setting it changes nothing`,
      place: param.key,
      hint: `set the sweep: sweep.${name}=[${labelOf(param.value)}]`,
      related: [{ message: 'it is swept here', place: entry.key }],
    });
  }
  const values = entry.value.kind === 'list' ? entry.value.items : [];
  const first = new Map<string, Value>();
  for (const value of values) {
    const label = labelOf(value);
    const earlier = first.get(label);
    if (earlier === undefined) first.set(label, value);
    else {
      diagnostics.add({
        code: 'duplicate-item',
        message: `the sweep over \`${name}\` holds ${label} twice`,
        place: value.place,
        related: [{ message: 'it is first given here', place: earlier.place }],
      });
    }
  }
  return [...first.values()];
}

/** Short text of a value; a text that could be mistaken for another value, or for the label's own signs, is quoted. */
function labelOf(value: Value): string {
  const json = toJson(value);
  if (typeof json !== 'string') return JSON.stringify(json);
  const isPlain = /^[A-Za-z_./~-][\w./~ :@+-]*$/.test(json) && !['true', 'false', 'null'].includes(json);
  return isPlain ? json : JSON.stringify(json);
}
