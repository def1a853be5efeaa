import type { EngineName } from '../contract/engine-name.ts';
import type { Device, Tf } from './engine.ts';
import { ENGINES } from './engines.ts';
import { loadEngine } from './load-engine.ts';

/** What a trial of an engine says, as a message from the process that makes it. */
export type ProbeResult =
  | { readonly usable: true; readonly gflops: number; readonly device?: Device }
  | { readonly usable: false; readonly problem: string };

/** Rows and columns of the timed product: large enough to be a kernel's work, not its call. */
const SIZE = 256;
/** Products are repeated until they took so long, so that a GPU's rate is measurable too. */
const MEASURE_MS = 40;

/**
 * Tries an engine in this process: a small matrix product and its gradient must come out right; then it is timed.
 * To be run in a process of its own, because a native library that does not fit the machine may end it.
 */
export async function probe(engine: EngineName): Promise<ProbeResult> {
  try {
    const tf = await loadEngine(engine);
    const problem = await wrongResult(tf);
    if (problem !== undefined) return { usable: false, problem };
    const device = await ENGINES[engine].device?.(tf);
    return { usable: true, gflops: await measure(tf), ...(device && { device }) };
  } catch (error) {
    return { usable: false, problem: (error as Error).message ?? String(error) };
  }
}

/** Of f(x) = sum((x·x)²) at [[1, 2], [3, 4]] both x·x = [[7, 10], [15, 22]] and the gradient are known. */
async function wrongResult(tf: Tf): Promise<string | undefined> {
  const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const product = [...(await tf.matMul(x, x).data())];
  const gradient = [
    ...(await tf
      .grad((y) => tf.sum(tf.square(tf.matMul(y as typeof x, y as typeof x))))(x)
      .data()),
  ];
  if (`${product}` !== '7,10,15,22') return `a matrix product gives ${product} instead of 7,10,15,22`;
  if (`${gradient}` !== '158,274,266,482') return `a gradient gives ${gradient} instead of 158,274,266,482`;
  return undefined;
}

async function measure(tf: Tf): Promise<number> {
  const a = tf.randomNormal([SIZE, SIZE]) as ReturnType<typeof tf.tensor2d>;
  const multiply = async (): Promise<void> => {
    const product = tf.matMul(a, a);
    await product.data();
    product.dispose();
  };
  await multiply();
  let products = 0;
  const start = performance.now();
  while (performance.now() - start < MEASURE_MS) {
    await multiply();
    products++;
  }
  return (2 * SIZE ** 3 * products) / ((performance.now() - start) * 1e6);
}
