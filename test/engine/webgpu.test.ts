import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StageError } from '../../src/contract/stage-context.ts';
import { chooseEngine } from '../../src/engine/choose-engine.ts';
import { loadEngine } from '../../src/engine/load-engine.ts';
import type { WebgpuBackend } from '../../src/engine/webgpu/packages.ts';
import { addRows } from '../../src/model/layers/add-rows.ts';
import { flush } from '../../src/model/network/engine-kernels.ts';
import { webgpuHere } from './webgpu-here.ts';

type Backend = WebgpuBackend & { readonly device: GPUDevice };

/** A software adapter compiles each shader in hundreds of milliseconds. */
const PATIENCE = 120_000;

describe.skipIf(webgpuHere.length === 0)('the webgpu engine', { timeout: PATIENCE }, () => {
  const engine = 'webgpu';
  beforeEach(async () => {
    if (tf.findBackendFactory(engine)) tf.removeBackend(engine); // its device may be spoilt by a test
    await loadEngine(engine);
  });
  afterEach(() => tf.disposeVariables());

  const backend = () => tf.backend() as Backend;

  it('is taken by name, and under auto only where its adapter is a GPU', async () => {
    const { candidates } = await chooseEngine(engine);
    const { engine: chosen } = await chooseEngine('auto');
    expect(chosen).toBe(candidates[0]!.only_by_name ? 'onnxruntime' : engine);
  });

  it('lets its process end', async () => {
    const program = fileURLToPath(new URL('../../dist/engine-probe.js', import.meta.url));
    const child: ChildProcess = fork(program, [engine], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    const [[result], [code]] = await Promise.all([once(child, 'message'), once(child, 'close')]);
    expect(result).toMatchObject({ usable: true });
    expect(code).toBe(0);
  });

  it('adds updates to rows in their order, so that it always gives the same', async () => {
    const [height, width, count] = [5, 70, 40];
    const number = (i: number) => Math.fround(Math.sin(i) * 10 ** (i % 5));
    const rows = Array.from({ length: count }, (_, i) => [3, 0, 3, 4][i % 4]!);
    const expected = Array.from({ length: height * width }, (_, place) => {
      const [row, column] = [Math.floor(place / width), place % width];
      const updates = rows.flatMap((target, i) => (target === row ? [number(i * width + column)] : []));
      return Math.fround(1 + updates.reduce((sum, update) => Math.fround(sum + update), 0));
    });
    const updates = tf.tensor2d(
      Array.from({ length: count * width }, (_, i) => number(i)),
      [count, width],
    );
    const base = tf.tensor2d(new Float32Array(height * width).fill(1), [height, width]);
    expect(await base.data()).toContain(1); // what has been read is not what is read afterwards
    const sum = addRows(base, tf.tensor1d(rows, 'int32'), updates);
    expect([...(await sum.data())]).toEqual(expected);
    tf.dispose([sum, updates]);
  });

  it('does not do so where another tensor shares the data', () => {
    const base = tf.zeros<tf.Rank.R2>([3, 2]);
    const clone = tf.clone(base);
    const [rows, updates] = [tf.tensor1d([1], 'int32'), tf.ones<tf.Rank.R2>([1, 2])];
    expect(() => addRows(base, rows, updates)).toThrow(/another tensor shares its data/);
    tf.dispose([base, clone, rows, updates]);
  });

  it('keeps no more free buffers than there are in use', async () => {
    const used = tf.ones([1000]);
    for (let size = 1; size <= 100; size++) tf.tidy(() => tf.square(tf.fill([size * 1000], 2)));
    expect((await tf.square(used).data())[0]).toBe(1);
    flush();
    const { numBytesAllocated, numBytesUsed } = backend().bufferManager;
    expect(numBytesAllocated).toBeLessThanOrEqual(2 * numBytesUsed);
    expect((await tf.square(used).data())[0]).toBe(1);
  });

  it('says that values cannot be had at once', () => {
    const squares = tf.square(tf.fill([2000], 3));
    expect(() => squares.dataSync()).toThrow('webgpu cannot read a tensor synchronously: use data()');
  });

  it('names what a tensor takes that is too large for the GPU', () => {
    const { maxBufferSize, maxStorageBufferBindingSize } = backend().device.limits;
    const elements = Math.min(maxBufferSize, maxStorageBufferBindingSize) / 4 + 1;
    expect(() => tf.fill([elements], 1)).toThrow(
      /^A tensor of \d+ MB does not fit: this GPU takes at most \d+ MB/,
    );
  });

  it('tells of a lost device', async () => {
    const squares = tf.square(tf.fill([2000], 3));
    backend().device.destroy();
    await expect(squares.data()).rejects.toThrow(/^The GPU is lost: /);
    await expect(squares.data()).rejects.toBeInstanceOf(StageError);
  });

  it('tells of an error that the device reports, in place of wrong values', async () => {
    const squares = tf.square(tf.fill([2000], 3));
    backend().device.createBuffer({ size: 4, usage: 0 });
    await expect(squares.data()).rejects.toThrow(/^WebGPU: /);
  });

  it('tells of full memory', async () => {
    const squares = tf.square(tf.fill([2000], 3));
    const { GPUOutOfMemoryError } = globalThis as unknown as {
      GPUOutOfMemoryError: new (message: string) => GPUError;
    };
    const event = Object.assign(new Event('uncapturederror'), { error: new GPUOutOfMemoryError('full') });
    backend().device.dispatchEvent(event);
    await expect(squares.data()).rejects.toMatchObject({
      name: 'StageError',
      message: 'The memory of the GPU is full.',
      hint: expect.stringContaining('batch_size'),
    });
  });
});

it.skipIf(webgpuHere.length > 0)('webgpu that does not work here says what it takes', async () => {
  await expect(chooseEngine('webgpu')).rejects.toThrow(/npm install webgpu|no WebGPU adapter is here/);
});
