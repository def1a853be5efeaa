import type { DeclaredMetrics } from '../metric.ts';
import { StageError } from '../stage-context.ts';
import type { MeasuredMetric } from './metrics-file.ts';

/** A value of a metric as a stage that is not ours reports it: of all, or of one item. Null: it has none. */
export interface ReportedMetric {
  readonly name: string;
  readonly value: number | null;
  readonly item?: string;
}

/** Why a reported value cannot be taken. */
export class MetricProblem extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/**
 * Collects what a stage reports of its declared metrics. A metric has a value of its own, of which the last one reported
 * counts, or values of items, whose mean is its value.
 */
export class MetricCollector {
  readonly #declared: DeclaredMetrics;
  readonly #values = new Map<string, number | null>();
  readonly #items = new Map<string, Map<string, number | null>>();
  readonly #others = new Set<string>();

  constructor(declared: DeclaredMetrics) {
    this.#declared = declared;
  }

  /** Takes a value. Throws a MetricProblem where it cannot be what is meant. */
  add({ name, value, item }: ReportedMetric): void {
    const declared = Object.hasOwn(this.#declared, name) ? this.#declared[name]! : undefined;
    if (declared === undefined) {
      if (item !== undefined)
        throw new MetricProblem(
          `\`${name}\` has values of items, but is not declared`,
          `Declare it: metrics: { ${name}: { unit: points, better: higher } }`,
        );
      this.#others.add(name);
      return;
    }
    const { low, high } = declared.scale ?? { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
    if (value !== null && !(value >= low && value <= high))
      throw new MetricProblem(`${value} is outside of the scale of \`${name}\`, ${low} to ${high}`);
    if (item === undefined) this.#values.set(name, value);
    else this.#addItem(name, item, value);
    if (this.#values.has(name) && this.#items.has(name))
      throw new MetricProblem(
        `\`${name}\` has values of items and one without an item`,
        'The value of a metric with items is their mean: leave the other one out.',
      );
  }

  #addItem(name: string, item: string, value: number | null): void {
    const items = this.#items.get(name) ?? new Map<string, number | null>();
    if (items.has(item)) throw new MetricProblem(`the item \`${item}\` of \`${name}\` was reported before`);
    this.#items.set(name, items.set(item, value));
  }

  /** What was measured of each declared metric. Throws a StageError for one that was not reported. */
  measured(): readonly MeasuredMetric[] {
    return Object.entries(this.#declared).map(([name, about]) => {
      const items = this.#items.get(name);
      if (items === undefined) return { name, ...about, value: this.#valueOf(name) };
      const sorted = [...items].sort(([one], [other]) => (one < other ? -1 : 1));
      const values = sorted.flatMap(([, value]) => (value === null ? [] : [value]));
      const sum = values.reduce((sum, value) => sum + value, 0);
      const value = values.length === 0 ? null : sum / values.length;
      return { name, ...about, value, items: sorted.map(([item, value]) => ({ item, value })) };
    });
  }

  #valueOf(name: string): number | null {
    const value = this.#values.get(name);
    if (value !== undefined) return value;
    const others = [...this.#others].slice(0, 10).map((other) => `\`${other}\``);
    throw new StageError(`The stage ended without reporting its metric \`${name}\`.`, {
      hint:
        others.length === 0
          ? `Report it, or take it out of \`metrics\`. A value that cannot be had is null.`
          : `It reported ${others.join(', ')}, which are not declared. A value that cannot be had is null.`,
    });
  }
}
