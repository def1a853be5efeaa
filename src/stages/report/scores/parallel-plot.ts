import type { Comparison, Row } from '../../../comparison/comparison.ts';
import { type Json, plainText } from '../../../contract/json.ts';
import { html, type Markup } from '../../../html/html.ts';

/** In units of the picture. */
const WIDTH = 1040;
const HEIGHT = 300;
const PLOT = { left: 80, right: WIDTH - 80, top: 36, bottom: HEIGHT - 12 } as const;

/** One upright line of the picture. */
interface Axis {
  readonly name: string;
  /** Height of a row from 0, at the bottom, to 1; undefined where it has no value. */
  readonly at: (row: Row) => number | undefined;
  /** Texts next to the axis, each with its height. */
  readonly ticks: readonly (readonly [text: string, at: number])[];
}

/** Each variant as a line across the swept parameters to its score: parallel coordinates. Nothing without parameters. */
export function parallelPlot({ parameters, rows }: Comparison): Markup | undefined {
  const variants = rows.filter((row) => parameters.some((name) => row.parameters[name] !== undefined));
  if (parameters.length === 0 || variants.length < 2) return undefined;
  const scoreOf = (row: Row) => row.values['judge.score']?.value ?? undefined;
  const axes = [
    ...parameters.map((name) => parameterAxis(name, variants)),
    numberAxis('validation loss', variants, (row) => row.values['train.validation_loss']?.value ?? undefined),
    numberAxis('mean score', variants, scoreOf),
  ].filter((axis) => axis !== undefined);
  const x = (axis: number) => PLOT.left + (axis / Math.max(1, axes.length - 1)) * (PLOT.right - PLOT.left);
  const y = (at: number) => PLOT.bottom - 8 - at * (PLOT.bottom - PLOT.top - 16);
  const line = (row: Row) =>
    axes
      .flatMap(({ at }, axis) => {
        const height = at(row);
        return height === undefined ? [] : [`${x(axis).toFixed(1)} ${y(height).toFixed(1)}`];
      })
      .join('L');
  const heightOfScore = axes.at(-1)!.at;
  const anchor = (axis: number) => (axis === 0 ? 'start' : axis === axes.length - 1 ? 'end' : 'middle');
  return html`<figure class="wide" tabindex="0" role="region" aria-label="Picture of the variants"><svg class="parallel" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Variants as lines across their parameters to their mean scores; the table below has the numbers">
${variants.map(
  (
    row,
  ) => html`<path class="variant" data-line="${rows.indexOf(row)}" style="--share:${(100 * (heightOfScore(row) ?? 0)).toFixed(0)}%" d="M${line(row)}"><title>${row.name}: ${scoreOf(row)?.toFixed(1) ?? 'no score'}</title></path>
`,
)}${axes.map(
  (
    { name, ticks },
    axis,
  ) => html`<path class="axis" d="M${x(axis).toFixed(1)} ${PLOT.top}V${PLOT.bottom}"/><text class="name" x="${axis === 0 ? 0 : axis === axes.length - 1 ? WIDTH : x(axis).toFixed(1)}" y="20" text-anchor="${anchor(axis)}">${cut(name)}</text>
${ticks.map(([text, at]) => html`<text x="${(x(axis) + (axis === 0 ? -6 : 6)).toFixed(1)}" y="${(y(at) + 4).toFixed(1)}"${axis === 0 ? html` text-anchor="end"` : undefined}>${cut(text)}</text>`)}
`,
)}</svg></figure>`;
}

/** Values in order and evenly spaced: steps of a sweep are chosen so, whatever their distances. */
function parameterAxis(name: string, rows: readonly Row[]): Axis {
  const textOf = (row: Row) => {
    const value = row.parameters[name];
    return value === undefined ? undefined : parameterText(value);
  };
  const texts = [...new Set(rows.flatMap((row) => textOf(row) ?? []))].sort(
    (a, b) => Number(a) - Number(b) || (a < b ? -1 : 1),
  );
  const height = (text: string) => (texts.length === 1 ? 0.5 : texts.indexOf(text) / (texts.length - 1));
  const shown = texts.length <= 12 ? texts : [texts[0]!, texts.at(-1)!];
  return {
    name,
    at: (row) => {
      const text = textOf(row);
      return text === undefined ? undefined : height(text);
    },
    ticks: shown.map((text) => [text, height(text)]),
  };
}

function numberAxis(
  name: string,
  rows: readonly Row[],
  measured: (row: Row) => number | undefined,
): Axis | undefined {
  const values = rows.flatMap((row) => measured(row) ?? []);
  if (values.length === 0) return undefined;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const height = (value: number) => (high === low ? 0.5 : (value - low) / (high - low));
  return {
    name,
    at: (row) => {
      const value = measured(row);
      return value === undefined ? undefined : height(value);
    },
    ticks: [...new Set([low, high])].map((value) => [value.toPrecision(3), height(value)]),
  };
}

/** A value of a parameter as people write it: 0.00003 for 0.000030000000000000004. */
export function parameterText(value: Json): string {
  if (typeof value === 'number') return String(Number(value.toPrecision(6)));
  return plainText(value);
}

function cut(text: string): string {
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}
