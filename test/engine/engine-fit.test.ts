import { describe, expect, it } from 'vitest';
import { engineFor } from '../../src/engine/engine-fit.ts';

const SMALL = 400_000;
const MEDIUM = 406_286_336;

describe('an engine for a model of some size', () => {
  it('is the one of the run where it is fast enough, or asked for by name', () => {
    expect(engineFor({ engine: 'wasm' }, SMALL)).toBe('wasm');
    expect(engineFor({ engine: 'tensorflow' }, MEDIUM)).toBe('tensorflow');
    expect(engineFor({ engine: 'wasm', engineByName: true }, MEDIUM)).toBe('wasm');
  });

  it.each(['wasm', 'cpu'] as const)(
    'is not %s by default for a large one: the message says what to do',
    (engine) => {
      const choose = () => engineFor({ engine, engineByName: false }, MEDIUM);
      expect(choose).toThrow(
        expect.objectContaining({
          message: `The engine ${engine}, the best that works here, is too slow for a model of 406 million parameters.`,
          hint:
            'pipe doctor says why onnxruntime, which comes with pipe, does not work here. Or install another: ' +
            'npm install @tensorflow/tfjs-node-gpu (NVIDIA GPU with CUDA), npm install webgpu @tensorflow/tfjs-backend-webgpu (any GPU), or npm install @tensorflow/tfjs-node (CPU); ' +
            `or insist with --engine ${engine}`,
        }),
      );
    },
  );
});
