import type * as TensorFlow from '@tensorflow/tfjs-core';

/** TensorFlow.js, as each engine is given it: only `loadEngine` imports the package itself. */
export type Tf = typeof TensorFlow;

/**
 * All that is particular to one engine. Its declaration (src/engine/engines/) is read by the command line too, so whatever it
 * computes with is imported by `start` and `device` alone.
 */
export interface Engine {
  /** The name that its TensorFlow.js backend is registered under. */
  readonly backend: string;
  /** What does not come with pipe; absent if nothing more is needed. */
  readonly needs?: {
    /** npm packages, optional peers of pipe. */
    readonly packages: readonly string[];
    /** The hardware that they are for, as in advice: `any GPU`. */
    readonly hardware: string;
    /** Looks for that hardware, if it can be found without trying; `finding` is a clause for a message. */
    look?(): { readonly isHere: boolean; readonly finding: string };
  };
  /** Computes in other memory than the machine's, such as a GPU's. */
  readonly ownMemory: boolean;
  /** A model with more parameters takes days: it is used for that only when named. */
  readonly slowAbove?: number;
  /** Keeps a compiled graph or buffers for each combination of shapes, so few of them should occur; brings the kernel `Flush`. */
  readonly compilesShapes: boolean;
  /** Registers its backend and kernels; may be called again. Throws what its packages throw if they are absent or do not start. */
  start(tf: Tf): Promise<void>;
  /** What it computes on, if there is a choice; called while it is the current engine. */
  device?(tf: Tf): Promise<Device>;
}

/** What a started engine computes on. */
export interface Device {
  readonly name: string;
  /** A GPU emulated on the processor. */
  readonly software: boolean;
}
