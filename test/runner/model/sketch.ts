import type { Resources } from '../../../src/pipeline/pipeline.ts';

/** The machine of all histories. */
export const CAPACITY: Resources = { cpu: 4, gpu: 1, memory: 8e9 };

/** Files that stages may read; `d0` is a folder. */
export const FILES = ['f0', 'f1', 'f2', 'f3', 'd0'] as const;
export type FileName = (typeof FILES)[number];

/** `out` is small and lies in the record too, `big` is not, `dir` is a folder. */
export type OutputName = 'out' | 'big' | 'dir';

/** A swept parameter. */
export interface Axis {
  readonly name: string;
  readonly values: readonly number[];
}

export type InputSketch =
  | { readonly name: string; readonly file: FileName }
  /** In a stage that collects, over all variants. */
  | { readonly name: string; readonly stage: string; readonly output: OutputName };

/** How a stage computes; everything in it decides the result. */
export interface Work {
  /** Stages with equal work and equal inputs are one action. */
  readonly salt: number;
  /** Of every file the whole, or only the first line: then an edit may change nothing downstream. */
  readonly reads: 'all' | 'first-line';
  readonly outputs: readonly OutputName[];
  readonly fails: 'never' | 'always' | 'by-content';
  /** So many attempts of the action fail first, in whichever run. */
  readonly flaky: number;
  readonly retries: number;
}

/** One stage as a pipeline file gives it. */
export interface StageSketch {
  readonly name: string;
  readonly type: 'in-place' | 'copying' | 'one-at-a-time';
  readonly work: Work;
  /** Swept parameters that its settings hold. */
  readonly axes: readonly string[];
  /** Takes every input that is an output as `{each: …}`, and then no parameter. */
  readonly collects: boolean;
  /** A stage that collects does without variants that have failed. */
  readonly optional: boolean;
  readonly inputs: readonly InputSketch[];
  readonly resources: Resources;
}

export interface PipelineSketch {
  readonly axes: readonly Axis[];
  /** Producers come first. */
  readonly stages: readonly StageSketch[];
}
