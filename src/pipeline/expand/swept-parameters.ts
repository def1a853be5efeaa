import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { nameHint } from '../diagnostics/did-you-mean.ts';
import { type Entry, get, type MapValue, type Value } from '../yaml/value.ts';
import { OVERRIDES } from './override.ts';
import { type SweptValues, sweptValues } from './swept-values.ts';
import { labelOf } from './variant-label.ts';

/** Keys of `sweep` that are no parameters. */
const SWEEP_KEYS = ['include', 'exclude', 'sample'] as const;

/** What each parameter is swept over, by name; without those that something is wrong with. */
export function sweptParameters(
  sweep: Value | undefined,
  params: MapValue,
  diagnostics: DiagnosticList,
): ReadonlyMap<string, SweptValues> {
  const swept = new Map<string, SweptValues>();
  for (const [name, entry] of sweep?.kind === 'map' ? sweep.entries : []) {
    if ((SWEEP_KEYS as readonly string[]).includes(name) || !isParameter(name, entry, params, diagnostics))
      continue;
    refuseOverride(name, entry, params, diagnostics);
    const values = sweptValues(name, entry.value, diagnostics);
    if (values?.kind === 'range' && get(sweep, 'sample') === undefined) {
      // Where the schema's check has found a key that it does not know, that is the message.
      if (!diagnostics.covers(entry.value.place))
        diagnostics.add({
          code: 'bad-range',
          message: `the range of \`${name}\` does not say which values to take`,
          place: entry.value.place,
          hint: 'give it `step` or `steps`, or draw from it: sweep.sample: { count: 10, seed: 1 }',
        });
    } else if (values?.kind === 'list') {
      swept.set(name, { kind: 'list', values: eachOnce(name, values.values, diagnostics) });
    } else if (values !== undefined) swept.set(name, values);
  }
  return swept;
}

function refuseOverride(name: string, entry: Entry, params: MapValue, diagnostics: DiagnosticList): void {
  const param = params.entries.get(name)!;
  if (param.value.place.file !== OVERRIDES || entry.value.place.file === OVERRIDES) return;
  diagnostics.add({
    code: 'swept-override',
    message: `\`${name}\` is swept, so setting it changes nothing`,
    place: param.key,
    hint: `set the sweep: --sweep ${name}=${labelOf(param.value)}`,
    related: [{ message: 'it is swept here', place: entry.key }],
  });
}

function eachOnce(name: string, values: readonly Value[], diagnostics: DiagnosticList): readonly Value[] {
  const first = new Map<string, Value>();
  for (const value of values) {
    const label = labelOf(value);
    const earlier = first.get(label);
    if (earlier === undefined) first.set(label, value);
    else {
      const named = get(value, 'name') !== undefined;
      diagnostics.add({
        code: 'duplicate-item',
        message: `the sweep over \`${name}\` holds ${label} twice`,
        place: value.place,
        ...(named && { hint: 'objects are told apart by their `name`: give each another one' }),
        related: [{ message: 'it is first given here', place: earlier.place }],
      });
    }
  }
  return [...first.values()];
}
/** Whether a name under `sweep` is that of a parameter; reported if not. */
export function isParameter(
  name: string,
  entry: Entry,
  params: MapValue,
  diagnostics: DiagnosticList,
): boolean {
  if (params.entries.has(name)) return true;
  diagnostics.add({
    code: 'unknown-param',
    message: `there is no parameter \`${name}\` to sweep over`,
    place: entry.key,
    hint: nameHint(name, [...params.entries.keys(), ...SWEEP_KEYS], 'parameters'),
  });
  return false;
}
