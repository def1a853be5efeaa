import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { get, type MapValue, numberOf, type ScalarValue, textOf, type Value } from '../yaml/value.ts';

/** Of a line of numbers the digits that mean something: no 0.30000000000000004 in the name of a variant. */
const LINEAR_DIGITS = 12;
/** Few enough that every processor's power function agrees on them, and that a name stays readable. */
const LOG_DIGITS = 4;

/** What a parameter is swept over. */
export type SweptValues =
  | { readonly kind: 'list'; readonly values: readonly Value[] }
  /** A range without steps, from which a sample is drawn. `at(share)`: the value at a share from 0 to 1 of the way. */
  | { readonly kind: 'range'; readonly at: (share: number) => Value };

/**
 * The values that an entry of `sweep` gives: a list as it is, `{from, to, step}` and `{from, to, steps}` (both ends
 * included), with `scale: log` in equal ratios. `{from, to}` alone is a range to draw from. Undefined, with a diagnostic,
 * where that cannot be said.
 */
export function sweptValues(
  name: string,
  value: Value,
  diagnostics: DiagnosticList,
): SweptValues | undefined {
  if (value.kind === 'list') return { kind: 'list', values: value.items };
  if (value.kind !== 'map') return undefined; // the schema's check has reported it
  const [from, to, step, steps] = ['from', 'to', 'step', 'steps'].map((key) => numberOf(get(value, key)));
  if (from === undefined || to === undefined) return undefined;
  const isLog = textOf(get(value, 'scale')) === 'log';
  const problem = problemOf({ from, to, step, steps, isLog });
  if (problem !== undefined) {
    diagnostics.add({
      code: 'bad-range',
      message: `the range of \`${name}\` ${problem}`,
      place: value.place,
    });
    return undefined;
  }
  const at = (share: number) => scalar(isLog ? onLogScale(from, to, share) : onLine(from, to, share), value);
  if (steps !== undefined) {
    return { kind: 'list', values: Array.from({ length: steps }, (_, index) => at(index / (steps - 1))) };
  }
  if (step === undefined) return { kind: 'range', at };
  // A step that does not divide the range exactly in binary (0.1) may end a hair before or behind it.
  const count = Math.floor((to - from) / step + 1e-9) + 1;
  const values = Array.from({ length: count }, (_, index) =>
    scalar(rounded(from + index * step, LINEAR_DIGITS), value),
  );
  return { kind: 'list', values };
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly step: number | undefined;
  readonly steps: number | undefined;
  readonly isLog: boolean;
}

/** What is wrong with a range, as the rest of a sentence. */
function problemOf({ from, to, step, steps, isLog }: Range): string | undefined {
  if (from >= to) return `ends at ${to}, which is not above its beginning, ${from}`;
  if (step !== undefined && steps !== undefined) return 'has `step` and `steps`: give one of them';
  if (isLog && from <= 0) return `begins at ${from}: on a logarithmic scale it must begin above 0`;
  if (isLog && step !== undefined) return 'has a `step` on a logarithmic scale: give the number of `steps`';
  if (step !== undefined && step > to - from)
    return `has a \`step\` of ${step}, which is longer than all of it`;
  if (step !== undefined && (to - from) / step > MOST_STEPS) return `has more than ${MOST_STEPS} values`;
  return undefined;
}

/** As many as a sweep may have variants. */
const MOST_STEPS = 1000;

function onLine(from: number, to: number, share: number): number {
  return rounded(from + (to - from) * share, LINEAR_DIGITS);
}

/** The ends are given exactly as written. */
function onLogScale(from: number, to: number, share: number): number {
  if (share === 0 || share === 1) return share === 0 ? from : to;
  return rounded(from * (to / from) ** share, LOG_DIGITS);
}

function rounded(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

function scalar(value: number, range: MapValue): ScalarValue {
  return { kind: 'scalar', value, place: range.place };
}
