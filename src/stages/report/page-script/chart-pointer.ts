import { type ChartView, type Range, rangesOf } from '../curves/chart-scale.ts';
import { CHART, PLOT } from '../curves/curve-chart.ts';
import type { CurveData } from '../data/page-data.ts';

/** What is drawn at the moment. */
export interface Drawn {
  readonly curves: readonly CurveData[];
  readonly view: ChartView;
}

/** The value of the horizontal axis under a pointer; of one outside of the plot that of its nearest edge. */
export function valueUnder(clientX: number, plot: HTMLElement, { curves, view }: Drawn): number {
  const { left, width } = plot.getBoundingClientRect();
  const x = ((clientX - left) / width) * CHART.width;
  const share = Math.min(1, Math.max(0, (x - PLOT.left) / (PLOT.right - PLOT.left)));
  const [from, to]: Range = rangesOf(curves, view).x;
  return from + share * (to - from);
}
