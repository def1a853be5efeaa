import type { Tf } from '../engine.ts';
import { registerAddRows } from './add-rows.ts';
import { checkedBackend } from './checked-backend.ts';
import { registerFlush } from './flush.ts';
import {
  type AdapterInfo,
  type BackendPackage,
  WEBGPU_PACKAGES,
  type WebgpuAdapter,
  type WebgpuBackend,
  type WebgpuPackage,
} from './packages.ts';

const BACKEND_NAME = 'webgpu';

/**
 * What each backend computes on. `gpu` is kept with it because Dawn ends when that is collected, and the process crashes at
 * the next use of the device.
 */
const adapters = new WeakMap<object, { gpu: GPU; info: AdapterInfo }>();

/** Registers the backend on the best adapter that is here. Throws if there is none. */
export async function startWebgpu(tf: Tf): Promise<void> {
  if (tf.findBackendFactory(BACKEND_NAME)) return;
  const [dawn, kernels] = WEBGPU_PACKAGES;
  const { create, globals } = (await import(dawn)) as WebgpuPackage;
  Object.assign(globalThis, globals);
  const gpu = create([]);
  const adapter = (await gpu.requestAdapter({
    powerPreference: 'high-performance',
  })) as WebgpuAdapter | null;
  if (adapter === null) {
    throw new Error(
      'no WebGPU adapter is here: it takes a GPU and its driver (Vulkan, Metal or Direct3D 12)',
    );
  }
  const device = await adapter.requestDevice({ requiredLimits: highestLimits(adapter.limits) });
  const { WebGPUBackend } = (await import(kernels)) as BackendPackage;
  const backend = checkedBackend(
    withNavigator(gpu, () => new WebGPUBackend(device, adapter.info)),
    device,
  );
  adapters.set(backend, { gpu, info: adapter.info });
  tf.registerBackend(BACKEND_NAME, () => backend);
  if (!tf.getKernel('Flush', BACKEND_NAME)) {
    registerAddRows(tf);
    registerFlush(tf);
  }
}

/** The adapter of a backend that this engine started. */
export function adapterOf(backend: object): AdapterInfo {
  return adapters.get(backend)!.info;
}

/** A device has only the least that the standard grants, unless more is requested. */
function highestLimits(limits: GPUSupportedLimits): Record<string, number> {
  const { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize } = limits;
  const { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX, maxComputeWorkgroupsPerDimension } =
    limits;
  return {
    maxBufferSize,
    maxStorageBufferBindingSize,
    maxComputeWorkgroupStorageSize,
    maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupSizeX,
    maxComputeWorkgroupsPerDimension,
  };
}

/**
 * The backend's constructor looks for `navigator.gpu`, as in a browser. It is taken away again, because Dawn lets no
 * process end in which that is reachable.
 */
function withNavigator(gpu: GPU, construct: () => WebgpuBackend): WebgpuBackend {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator'); // Node has one from version 21 on
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  try {
    return construct();
  } finally {
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    else Reflect.deleteProperty(globalThis, 'navigator');
  }
}
