import type { CurveData, CurvePoint } from '../data/page-data.ts';

/** What the horizontal axis measures. */
export type Along = 'epoch' | 'step' | 'tokens';
export type Loss = 'train' | 'validation';

/** What of the curves is shown. */
export interface ChartView {
  readonly along: Along;
  readonly losses: readonly Loss[];
  /** From where to where on the horizontal axis; all of it if absent. */
  readonly range?: readonly [from: number, to: number] | undefined;
}

/** From the least to the greatest value that has a place. */
export type Range = readonly [low: number, high: number];

export interface Ranges {
  readonly x: Range;
  readonly y: Range;
  /** The loss before training where it is above the picture, so that it does not flatten the rest. */
  readonly above: number | undefined;
}

/** Share of the training in which the loss falls so fast that it says nothing of the rest. */
const EARLY = 0.05;

/** Up to this many times the range of later losses, early ones stay in the picture. */
const TALLER = 1.5;

/** The part of the plane that a view shows. */
export function rangesOf(curves: readonly CurveData[], { along, losses, range }: ChartView): Ranges {
  const points = curves.flatMap((curve) => curve.points);
  const last = Math.max(...points.map((point) => point[along]));
  const x: Range = range ?? [0, last || 1];
  const inside = points.filter((point) => point[along] >= x[0] && point[along] <= x[1]);
  const all = valuesOf(inside.length > 0 ? inside : points, losses);
  const later = valuesOf(
    inside.filter((point) => point.step > 0 && point[along] >= EARLY * last),
    losses,
  );
  const low = Math.min(...all);
  const high = Math.max(...all);
  const lateHigh = Math.max(...later);
  const isClipped = range === undefined && later.length > 0 && high - low > TALLER * (lateHigh - low);
  const top = isClipped ? lateHigh : high;
  // A flat curve is in the middle.
  const margin = (top - low) * 0.05 || Math.abs(low) * 0.05 || 1;
  return { x, y: [low - margin, top + margin], above: isClipped ? high : undefined };
}

function valuesOf(points: readonly CurvePoint[], losses: readonly Loss[]): number[] {
  return points.flatMap((point) => losses.map((loss) => point[loss])).filter(Number.isFinite);
}

/** Round numbers within a range, about `count` of them: steps of 1, 2 or 5 times a power of ten. */
export function ticks([low, high]: Range, count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) =>
    // 3 * 0.1 is not 0.3.
    Number(((first + index) * step).toPrecision(12)),
  );
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 4 });

/** A number on an axis: `0.65`, `20K`, `1.2M`. */
export function tickText(value: number): string {
  return compact.format(value);
}
