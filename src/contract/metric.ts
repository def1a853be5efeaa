/** What results can be compared by. It is read from an output, so a record alone is enough, whoever made it and when. */
export interface Metric {
  /** `score`, `validation_loss`. */
  readonly name: string;
  readonly description: string;
  /** The unit of a difference, in the plural. */
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** The least and greatest value that an item can have, where there are such bounds. */
  readonly scale?: { readonly low: number; readonly high: number };
  /** Name of the output, a file, that it is read from. */
  readonly output: string;
  /** Reads the value from that file. Throws a StageError where the file is not what the stage writes. */
  read(path: string): Promise<Measured>;
}

export interface Measured {
  /** Of all items together; null where nothing was measured. */
  readonly value: number | null;
  /** The value of each item by the identity of its question, null where it has none; absent for what is no mean of items. */
  readonly items?: ReadonlyMap<string, number | null>;
}

/** How a pipeline or an own stage declares a metric, by its name. */
export type DeclaredMetric = Pick<Metric, 'unit' | 'better' | 'scale'> & { readonly description?: string };
export type DeclaredMetrics = Readonly<Record<string, DeclaredMetric>>;
