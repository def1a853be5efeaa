import { readFileSync } from 'node:fs';
import { isObject, type Json, type JsonObject } from '../json.ts';
import type { DeclaredMetric, DeclaredMetrics, Measured } from '../metric.ts';
import { StageError } from '../stage-context.ts';

/** What was measured of one metric, with what it means: the file explains itself. */
export interface MeasuredMetric extends DeclaredMetric {
  readonly name: string;
  readonly value: number | null;
  /** Sorted by `item`. */
  readonly items?: readonly { readonly item: string; readonly value: number | null }[];
}

/** The text of a metrics file. */
export function metricsFileText(metrics: readonly MeasuredMetric[]): string {
  return `${JSON.stringify({ metrics }, null, 2)}\n`;
}

/** What a metrics file declares: it holds all that a comparison needs. Throws a StageError as `readMetricsFile`. */
export function declaredIn(path: string): DeclaredMetrics {
  return Object.fromEntries(
    parsed(readFileSync(path, 'utf8')).map(({ name, value: _, items: __, ...about }) => [name, about]),
  );
}

/** What a metrics file says of one metric. Throws a StageError where it is not what `metricsFileText` writes. */
export async function readMetricsFile(path: string, name: string): Promise<Measured> {
  const metric = parsed(readFileSync(path, 'utf8')).find((metric) => metric.name === name);
  if (metric === undefined) throw new StageError(`it does not hold the metric ${name}`);
  const { value, items } = metric;
  return { value, ...(items && { items: new Map(items.map(({ item, value }) => [item, value])) }) };
}

function parsed(text: string): readonly MeasuredMetric[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new StageError('it is no JSON');
  }
  const { metrics } = Object(content) as { metrics?: unknown };
  if (!Array.isArray(metrics) || !metrics.every(isMetric)) throw new StageError('it is no file of metrics');
  return metrics;
}

function isMetric(metric: unknown): metric is MeasuredMetric & JsonObject {
  if (!isObject(metric) || typeof metric.name !== 'string' || !isValue(metric.value)) return false;
  if (typeof metric.unit !== 'string' || !['higher', 'lower'].includes(String(metric.better))) return false;
  const { items } = metric;
  return items === undefined || (Array.isArray(items) && items.every(isItem));
}

function isItem(item: Json): boolean {
  return isObject(item) && typeof item.item === 'string' && isValue(item.value);
}

function isValue(value: Json | undefined): boolean {
  return value === null || Number.isFinite(value);
}
