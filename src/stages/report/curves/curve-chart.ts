import { html, type Markup } from '../../../html/html.ts';
import type { CurveData, CurvePoint } from '../data/page-data.ts';
import {
  type Along,
  type ChartView,
  type Loss,
  type Range,
  type Ranges,
  rangesOf,
  ticks,
  tickText,
} from './chart-scale.ts';

/** In units of the picture. */
export const CHART = { width: 720, height: 400 } as const;
export const PLOT = { left: 60, right: CHART.width - 28, top: 16, bottom: CHART.height - 64 } as const;

const AXIS: Readonly<Record<Along, string>> = { epoch: 'epochs', step: 'steps', tokens: 'tokens seen' };

/** More lines have no numbers at their ends: these would cover each other. */
const NUMBERED = 12;

/**
 * Learning curves as one picture: a line for each training and loss, solid for the validation and dashed for the training
 * loss, with a ring around the evaluation that was kept. The page and its script draw the same picture.
 */
export function curveChart(curves: readonly CurveData[], view: ChartView): Markup {
  const ranges = rangesOf(curves, view);
  const [x, y] = [across(ranges), upwards(ranges)];
  const { along, losses } = view;
  const lines = curves.flatMap((curve, index) =>
    losses.map((loss) => line(curve, loss, { index, count: curves.length, along, x, y })),
  );
  return html`<svg class="chart" viewBox="0 0 ${CHART.width} ${CHART.height}" role="img" aria-label="${labelOf(curves, view)}">
<clipPath id="plot"><rect x="${PLOT.left}" y="${PLOT.top}" width="${PLOT.right - PLOT.left}" height="${PLOT.bottom - PLOT.top}"/></clipPath>
${ticks(ranges.y, 5).map(
  (
    loss,
  ) => html`<path class="grid" d="M${PLOT.left} ${place(y(loss))}H${PLOT.right}"/><text x="${PLOT.left - 8}" y="${place(y(loss) + 4)}" text-anchor="end">${tickText(loss)}</text>
`,
)}${ticks(ranges.x, 6).map(
  (
    at,
  ) => html`<path class="axis" d="M${place(x(at))} ${PLOT.bottom}v5"/><text x="${place(x(at))}" y="${PLOT.bottom + 24}" text-anchor="middle">${tickText(at)}</text>
`,
)}<path class="axis" d="M${PLOT.left} ${PLOT.top}V${PLOT.bottom}H${PLOT.right}"/>
<text x="${(PLOT.left + PLOT.right) / 2}" y="${CHART.height - 6}" text-anchor="middle">${AXIS[along]}</text>
<g clip-path="url(#plot)">
${lines}</g>
${curves.length > 1 && curves.length <= NUMBERED ? curves.map((curve, index) => endNumber(curve, index, losses.at(-1)!, along, x, y)) : undefined}
</svg>`;
}

/** What is left out of the picture, in words; undefined where all is in it. */
export function clippedNote(curves: readonly CurveData[], view: ChartView): string | undefined {
  const { above } = rangesOf(curves, view);
  return above === undefined
    ? undefined
    : `The losses at the beginning, up to ${above.toPrecision(3)}, are above the picture: on their scale the rest would be flat.`;
}

/** Where a value of the horizontal axis is. */
export function across({ x: [from, to] }: Pick<Ranges, 'x'>): (value: number) => number {
  return (value) => PLOT.left + ((value - from) / (to - from)) * (PLOT.right - PLOT.left);
}

function upwards({ y: [low, high] }: { readonly y: Range }): (value: number) => number {
  return (value) => PLOT.bottom - ((value - low) / (high - low)) * (PLOT.bottom - PLOT.top);
}

interface Lines {
  readonly index: number;
  readonly count: number;
  readonly along: Along;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

function line(curve: CurveData, loss: Loss, { index, count, along, x, y }: Lines): Markup {
  const points = curve.points.map((point) => `${place(x(point[along]))} ${place(y(point[loss]))}`);
  const kept = loss === 'validation' ? curve.points.find((point) => point.kept) : undefined;
  const name = curve.name === '' ? `${loss} loss` : `${curve.name}, ${loss} loss`;
  const single = curve.points.length === 1 ? curve.points[0] : undefined;
  const dot = (point: CurvePoint, name: string, radius: number) =>
    html`<circle class="${name}" cx="${place(x(point[along]))}" cy="${place(y(point[loss]))}" r="${radius}"/>`;
  return html`<g class="curve ${loss}" data-curve="${index}" style="--colour:${colourOf(index, count, loss)}"><title>${name}</title><path d="M${points.join('L')}"/>${single && dot(single, 'point', 3)}${kept && dot(kept, 'kept', 6)}</g>
`;
}

function endNumber(
  { points }: CurveData,
  index: number,
  loss: Loss,
  along: Along,
  x: Lines['x'],
  y: Lines['y'],
): Markup | undefined {
  const last = points.at(-1);
  if (last === undefined) return undefined;
  const [at, height] = [x(last[along]), y(last[loss])];
  if (at > PLOT.right + 1 || at < PLOT.left || height < PLOT.top || height > PLOT.bottom) return undefined;
  return html`<text x="${place(at + 6)}" y="${place(height + 4)}">${index + 1}</text>`;
}

/** Of one training each loss has a colour; of several each training, with the hues spread evenly. */
export function colourOf(index: number, count: number, loss: Loss): string {
  if (count === 1) return loss === 'train' ? 'var(--second)' : 'var(--accent)';
  return `hsl(${Math.round((index * 360) / count + 210) % 360} 65% var(--light))`;
}

function labelOf(curves: readonly CurveData[], { losses }: ChartView): string {
  const ends = curves.slice(0, NUMBERED).map(({ name, points }) => {
    const last = points.at(-1);
    const values = losses.map((loss) => `${loss} loss ${last?.[loss].toPrecision(3)}`).join(' and ');
    return `${name === '' ? '' : `${name}: `}${values} at the last evaluation`;
  });
  return `Learning curves. ${ends.join('; ')}${curves.length > NUMBERED ? '; and more in the table' : ''}`;
}

function place(value: number): string {
  return String(Number(value.toFixed(1)));
}
