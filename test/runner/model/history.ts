import type { Resources } from '../../../src/pipeline/pipeline.ts';
import type { Tempo } from './direct-executor.ts';
import type { Axis, FileName, PipelineSketch, StageSketch } from './sketch.ts';

/** What a file holds: two lines, a digit each, so that most edits leave its size. */
export interface Content {
  readonly first: number;
  readonly second: number;
}

/** A number that stands for one of those that there are when it is used, so that every history is a possible one. */
export type Choice = number;

/** What happens between two runs. */
export type Change =
  /** `same-time`: the modification time is put back; `renamed`: another file takes the place, its time as before. */
  | {
      readonly is: 'edit';
      readonly file: FileName;
      readonly content: Content;
      readonly how: 'plain' | 'same-time' | 'renamed';
    }
  | { readonly is: 'touch'; readonly file: FileName }
  | {
      readonly is: 'damage';
      readonly what: Damaged;
      readonly which: Choice;
      /** So many files, from that on. */
      readonly count: number;
      readonly how: 'delete' | 'flip' | 'truncate';
      readonly keepsTime: boolean;
    }
  | { readonly is: 'delete-folder'; readonly folder: CacheFolder }
  | { readonly is: 'salt'; readonly stage: Choice; readonly salt: number }
  | { readonly is: 'resources'; readonly stage: Choice; readonly resources: Resources }
  | { readonly is: 'rename'; readonly stage: Choice; readonly name: string }
  | { readonly is: 'remove'; readonly stage: Choice }
  | { readonly is: 'add'; readonly stage: RawStage }
  | { readonly is: 'sweep'; readonly axes: readonly Axis[] }
  /** Until what was written is no longer so new that it cannot be trusted. */
  | { readonly is: 'wait' };

/** Files of the cache that are damaged one at a time. */
export type Damaged = 'objects' | 'actions' | 'latest' | 'file-inputs';

/** Folders below the artifacts folder that somebody removes. */
export type CacheFolder =
  | 'cache/objects'
  | 'cache/actions'
  | 'cache/latest'
  | 'cache/file-inputs'
  | 'cache/tmp'
  | 'cache/locks'
  | 'work'
  | 'runs'
  | '.';

/** A stage before it comes into a pipeline, whose stages it may need. */
export interface RawStage extends Omit<StageSketch, 'name' | 'inputs'> {
  readonly files: readonly FileName[];
  readonly needs: readonly { readonly back: Choice; readonly output: Choice }[];
  /** Where in the list of names of inputs its own begin. */
  readonly firstName: Choice;
  /** It does what an earlier stage does. */
  readonly twinOf: Choice | undefined;
}

/** One run and how it is called. */
export interface RunSketch extends Tempo {
  readonly jobs: number;
  readonly only: Choice | undefined;
  readonly force: Choice | undefined;
  /** Interrupted after this number of events; twice for two numbers. */
  readonly interrupts: readonly number[];
}

/** Another run of the same pipeline on the same cache, which starts after this number of events of the first. */
export interface Rival extends RunSketch {
  readonly startsAt: number;
}

export interface Step {
  readonly changes: readonly Change[];
  readonly run: RunSketch;
  readonly rival?: Rival | undefined;
}

export interface History {
  readonly pipeline: PipelineSketch;
  readonly files: readonly Content[];
  readonly steps: readonly Step[];
}
