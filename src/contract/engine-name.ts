/** Every engine that `engine:` and `--engine` accept besides `auto`, best first. */
export const ENGINE_NAMES = ['tensorflow-gpu', 'webgpu', 'onnxruntime', 'tensorflow', 'wasm', 'cpu'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** The outcome of choosing an engine, shown to users and recorded with the run. */
export interface EngineChoice {
  readonly engine: EngineName;
  readonly requested: EngineName | 'auto';
  readonly reason: string;
  readonly candidates: readonly EngineCandidate[];
}

/** What is known of one engine on this machine. */
export interface EngineCandidate {
  readonly engine: EngineName;
  readonly usable: boolean;
  /** Why it is not usable and how to get it, or what proved that it is. */
  readonly reason: string;
  /** How to get an engine whose hardware is here. */
  readonly advice?: string;
  /** A software GPU (e.g. SwiftShader): used only when named. */
  readonly only_by_name?: true;
  /** Measured rate of a square float32 matrix product, in 10^9 floating-point operations a second. */
  readonly gflops?: number;
}
