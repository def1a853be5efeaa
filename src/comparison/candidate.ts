import type { Json } from '../contract/json.ts';
import type { Measured, Metric } from '../contract/metric.ts';

/** What one stage of a candidate measured. */
export interface Measurement {
  /** Name of the stage, without its variant. */
  readonly stage: string;
  readonly metric: Metric;
  readonly measured: Measured;
}

/** One of those that are compared: a variant of a pipeline, or of a run. */
export interface Candidate {
  /** `learning_rate=0.00001,epochs=2`, a run, a commit. */
  readonly name: string;
  readonly parameters: Readonly<Record<string, Json>>;
  readonly measurements: readonly Measurement[];
  /** How long the work of its stages took, whenever it was done. */
  readonly milliseconds: number;
  /** What computed its tensors. */
  readonly engines: readonly string[];
}
