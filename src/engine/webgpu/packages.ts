import type { DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';

/** The WebGPU of Chromium (Dawn) for Node, and the backend of TensorFlow.js that computes with it. */
export const WEBGPU_PACKAGES = ['webgpu', '@tensorflow/tfjs-backend-webgpu'] as const;

// They are optional peers, so their own types are not always there. This is what is used of them:

export interface WebgpuPackage {
  create(options: readonly string[]): GPU;
  /** Classes and constants that browsers have as globals. */
  readonly globals: Readonly<Record<string, unknown>>;
}

export interface BackendPackage {
  readonly WebGPUBackend: new (device: GPUDevice, info: AdapterInfo) => WebgpuBackend;
}

/** https://www.w3.org/TR/webgpu/#gpu-adapterinfo */
export interface AdapterInfo {
  readonly vendor: string;
  readonly device: string;
  readonly description: string;
  /** Computes on the processor. */
  readonly isFallbackAdapter: boolean;
}

export interface WebgpuAdapter extends GPUAdapter {
  readonly info: AdapterInfo;
}

export interface WebgpuBackend extends KernelBackend {
  readonly bufferManager: BufferManager;
  readonly tensorMap: { get(dataId: object): { values: unknown } };
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  runWebGPUProgram(
    program: WebgpuProgram,
    inputs: readonly TensorInfo[],
    dtype: DataType,
    uniforms: readonly { readonly type: 'int32'; readonly data: number[] }[],
    output: TensorInfo,
  ): TensorInfo;
}

/** Keeps the buffers of tensors that are gone, by size and use, for those to come. */
interface BufferManager {
  readonly freeBuffers: ReadonlyMap<string, GPUBuffer[]>;
  readonly numBytesUsed: number;
  numBytesAllocated: number;
  numFreeBuffers: number;
  acquireBuffer(size: number, ...rest: unknown[]): GPUBuffer;
}

/** A compute shader; the package writes everything except `main`. */
export interface WebgpuProgram {
  readonly shaderKey: string;
  readonly variableNames: readonly string[];
  readonly outputShape: readonly number[];
  readonly uniforms: string;
  readonly workgroupSize: readonly [number, number, number];
  readonly dispatchLayout: { readonly x: readonly number[] };
  readonly dispatch: readonly [number, number, number];
  getUserCode(): string;
}
