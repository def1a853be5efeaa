import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StageType } from '../../../src/contract/stage-type.ts';
import { encodeModel } from '../../../src/engine/onnxruntime/graph/onnx-model.ts';
import { stageEnvironment, TENSOR_MEMORY } from '../../../src/runner/attempt/stage-environment.ts';
import { pipelineOf } from '../fixtures/pipeline-of.ts';
import { isolated, puppet, tensors } from '../fixtures/stage-types.ts';

const HOME = '/home/ada';
const SHELL = '/bin/sh';

function environmentOf(type: StageType, environment: Record<string, string>): Record<string, string> {
  const { stages } = pipelineOf('/', { one: { type, settings: { text: 'a' }, env: ['SEED'] } });
  return stageEnvironment(stages[0]!, environment);
}

describe('the environment of a stage', () => {
  it('is that of the runner', () => {
    expect(environmentOf(puppet, { HOME, SHELL })).toEqual({ HOME, SHELL });
  });

  it('holds what is declared, and little more, where the stage runs a program that is not ours', () => {
    expect(environmentOf(isolated, { HOME, SHELL, SEED: '1' })).toEqual({ HOME, SEED: '1' });
  });

  it('tells the allocator to keep memory where the stage computes with tensors, unless the user tells it otherwise', () => {
    expect(environmentOf(tensors, { HOME })).toEqual({ HOME, ...TENSOR_MEMORY });
    const own = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' };
    expect(environmentOf(tensors, own)).toEqual(own);
  });
});

const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };

describe.skipIf(header.glibcVersionRuntime === undefined)('memory that the allocator keeps', () => {
  it('is not taken from the system again in every run of a graph', () => {
    const directory = mkdtempSync(join(tmpdir(), 'pipe-memory-'));
    try {
      const model = join(directory, 'exp.onnx');
      const value = { type: 'float32', shape: [LENGTH] } as const;
      writeFileSync(
        model,
        encodeModel({
          nodes: [
            { op: 'Exp', inputs: ['x'], outputs: ['between'] },
            { op: 'ReduceSum', inputs: ['between'], outputs: ['sum'], attributes: { keepdims: 0 } },
          ],
          initializers: [],
          inputs: [{ name: 'x', ...value }],
          outputs: [{ name: 'sum', type: 'float32', shape: [] }],
        }),
      );
      const pagesOfAResult = (4 * LENGTH) / 4096;
      expect(pageFaults(model, {})).toBeGreaterThan(0.9 * RUNS * pagesOfAResult);
      expect(pageFaults(model, TENSOR_MEMORY)).toBeLessThan(0.1 * RUNS * pagesOfAResult);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

/** glibc raises the size from which it asks the system, by what is freed, up to 32 MiB: this is more. */
const LENGTH = 2 ** 24;
const WARM_UP = 12;
const RUNS = 8;

/** Pages that the process asked the system for in `RUNS` runs of the graph, after some that let its heap grow. */
function pageFaults(model: string, environment: Record<string, string>): number {
  // As our engine runs graphs: at once, on the main thread.
  const program = `
    const { binding, initOrt } = require('onnxruntime-node/dist/binding.js');
    initOrt();
    const session = new binding.InferenceSession();
    session.loadModel(${JSON.stringify(model)}, {
      enableCpuMemArena: false, enableMemPattern: false, intraOpNumThreads: 1,
    });
    const x = { type: 'float32', dims: [${LENGTH}], data: new Float32Array(${LENGTH}), location: 'cpu' };
    const run = (times) => {
      for (let i = 0; i < times; i++) session.run({ x }, { sum: null }, {});
      return process.resourceUsage().minorPageFault;
    };
    console.log(-run(${WARM_UP}) + run(${RUNS}));`;
  const { GLIBC_TUNABLES, ...rest } = process.env;
  const output = execFileSync(process.execPath, ['-e', program], {
    cwd: resolve(import.meta.dirname, '../../..'),
    env: { ...rest, ...environment },
    encoding: 'utf8',
  });
  return Number(output);
}
