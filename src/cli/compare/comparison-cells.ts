import type { Comparison, Row, Value } from '../../comparison/comparison.ts';
import { type Json, plainText } from '../../contract/json.ts';
import { pValueText } from '../../statistics/difference/verdict.ts';
import { duration, number } from '../../terminal/units.ts';

/** A table as texts, for whoever lays it out. */
export interface Cells {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The table of a comparison: what differs, what was measured, how it compares, how long it took. */
export function comparisonCells({ parameters, metrics, metric, rows }: Comparison): Cells {
  const isNamedByParameters = rows.every(
    ({ name, parameters: own }) => name === parameters.map((key) => `${key}=${shown(own[key])}`).join(','),
  );
  const compared = rows.find(({ difference }) => difference !== undefined)?.difference;
  const header = [
    ...(isNamedByParameters && parameters.length > 0 ? [] : ['name']),
    ...parameters,
    ...metrics.map(({ name }) => shortName(name, metrics)),
    ...(compared ? [`vs ${compared.to}`, 'p', 'win/tie/loss'] : []),
    'time',
  ];
  const body = rows.map((row) => [
    ...(header[0] === 'name' ? [row.name] : []),
    ...parameters.map((key) => shown(row.parameters[key])),
    ...metrics.map(({ name }) => valueText(row.values[name]) + (row.best && name === metric ? ' best' : '')),
    ...(compared ? differenceTexts(row) : []),
    duration(row.duration_ms),
  ]);
  return { header, rows: body };
}

/** `score` for `judge.score` where no other stage has one. */
function shortName(name: string, metrics: Comparison['metrics']): string {
  const short = (whole: string) => whole.slice(whole.lastIndexOf('.') + 1);
  return metrics.filter((other) => short(other.name) === short(name)).length === 1 ? short(name) : name;
}

function valueText(value: Value | undefined): string {
  if (value === undefined || value.value === null) return '-';
  const { interval } = value;
  return interval ? `${number(value.value)} (${range(interval)})` : number(value.value);
}

function differenceTexts({ difference }: Row): readonly string[] {
  if (difference === undefined || difference.difference === null) return ['', '', ''];
  const sign = difference.difference > 0 ? '+' : '';
  const size = `${sign}${number(difference.difference)}`;
  return [
    difference.interval ? `${size} (${range(difference.interval)})` : size,
    difference.p === null ? '' : pValueText(difference.p),
    `${difference.greater}/${difference.equal}/${difference.smaller}`,
  ];
}

function range(interval: readonly number[]): string {
  return interval.map(number).join(' to ');
}

function shown(value: Json | undefined): string {
  return value === undefined ? '' : plainText(value);
}
