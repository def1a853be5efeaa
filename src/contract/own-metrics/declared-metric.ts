import type { DeclaredMetrics, Metric } from '../metric.ts';
import { readMetricsFile } from './metrics-file.ts';

/** The output in which a stage that is not ours has what it measured. */
export const METRICS_OUTPUT = 'metrics';

/** The form of a metric's name. */
export const METRIC_NAME = '^[A-Za-z_][A-Za-z0-9_.-]{0,199}$';

/** What results can be compared by, from the declarations. All are read from one output. */
export function metricsFrom(declared: DeclaredMetrics): readonly Metric[] {
  return Object.entries(declared).map(([name, { description, ...about }]) => ({
    ...about,
    name,
    description: description ?? name,
    output: METRICS_OUTPUT,
    read: (path) => readMetricsFile(path, name),
  }));
}
