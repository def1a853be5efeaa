import type { EngineName } from '../contract/engine-name.ts';
import type { Tf } from './engine.ts';
import { ENGINES } from './engines.ts';

/**
 * Loads TensorFlow.js with the kernels of one engine and all gradients, and makes that engine the current one.
 * Throws what the engine's package throws where it is absent or does not start.
 */
export async function loadEngine(name: EngineName): Promise<Tf> {
  const tf = await import('@tensorflow/tfjs-core');
  // The bundle that Node gets of @tensorflow/tfjs-core registers no gradients (the one package that does, the
  // whole of @tensorflow/tfjs, is not needed for anything else). This file of the package does, but it is
  // written for bundlers and Node cannot import it. The path, unlike the package's name, makes esbuild compile
  // it in. It brings a second copy of some operations, which is harmless: the engine and its registries are
  // kept on globalThis, once a process.
  await import('../../node_modules/@tensorflow/tfjs-core/dist/register_all_gradients.js');
  tf.enableProdMode(); // else the cpu and wasm backends greet the user and recommend other packages
  const engine = ENGINES[name];
  await engine.start(tf);
  if (!(await tf.setBackend(engine.backend)))
    throw new Error(`the ${engine.backend} backend of TensorFlow.js did not start`);
  await tf.ready();
  return tf;
}
