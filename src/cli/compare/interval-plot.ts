import type { Comparison } from '../../comparison/comparison.ts';
import { html, type Markup } from '../../html/html.ts';
import { number } from '../../terminal/units.ts';

/** In units of the picture: a line of text is 16. */
const ROW = 24;
const NAMES = 280;
const WIDTH = 760;
const MARGIN = 40;
const TICKS = 5;

/** Mean and interval of each row, one below the other on one scale; nothing where no row has an interval. */
export function intervalPlot({ metric, rows }: Comparison): Markup | undefined {
  const points = rows.flatMap(({ name, values, best }) => {
    const { value, interval } = (metric !== undefined && values[metric]) || { value: null, interval: null };
    const [low, high] = interval ?? [];
    return value === null || low === undefined || high === undefined
      ? []
      : [{ name, value, low, high, best }];
  });
  if (points.length === 0) return undefined;
  const low = Math.min(...points.map((point) => point.low));
  const high = Math.max(...points.map((point) => point.high));
  const x = (value: number) =>
    (NAMES + ((value - low) / (high - low || 1)) * (WIDTH - NAMES - MARGIN)).toFixed(1);
  const y = (index: number) => ROW * (index + 0.5);
  const height = ROW * points.length;
  const ticks = Array.from({ length: TICKS }, (_, index) => low + ((high - low) * index) / (TICKS - 1));
  return html`<svg viewBox="0 0 ${WIDTH} ${height + ROW}" width="${WIDTH}" role="img" aria-label="Means and their 95 % intervals" font-size="13" font-family="system-ui, sans-serif" fill="currentColor" stroke="none">
${ticks.map(
  (tick) => html`<path d="M${x(tick)} 0V${height}" stroke="currentColor" stroke-opacity=".15"/>
<text x="${x(tick)}" y="${height + 16}" text-anchor="middle">${number(Number(tick.toPrecision(3)))}</text>
`,
)}
${points.map(
  (
    { name, value, low, high, best },
    index,
  ) => html`<text x="${NAMES - 12}" y="${y(index) + 4}" text-anchor="end"${best ? html` font-weight="600"` : undefined}>${cut(name)}</text>
<path d="M${x(low)} ${y(index)}H${x(high)}" stroke="currentColor" stroke-width="2" stroke-opacity=".5"/>
<circle cx="${x(value)}" cy="${y(index)}" r="5"><title>${name}: ${number(value)} (${number(low)} to ${number(high)})</title></circle>
`,
)}</svg>`;
}

function cut(name: string): string {
  return name.length > 40 ? `…${name.slice(-39)}` : name;
}
