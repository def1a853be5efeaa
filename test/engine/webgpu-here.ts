import { chooseEngine } from '../../src/engine/choose-engine.ts';

/**
 * `['webgpu']` where the packages are installed and an adapter is found, software ones included, else empty: tests on
 * that engine skip then.
 */
export const webgpuHere: readonly 'webgpu'[] = await chooseEngine('webgpu').then(
  () => ['webgpu'],
  (error: Error) => {
    console.warn(`Tests on webgpu are skipped: ${error.message}`);
    return [];
  },
);
