import { compileElementWise, type ElementWiseRun } from './element-wise.ts';

const ARRAYS = ['parameter', 'gradient', 'first', 'second'] as const;
const NUMBERS = ['beta1', 'rest1', 'beta2', 'rest2', 'epsilon', 'step', 'keep', 'scale'] as const;
const GRADIENT = ['mul', 'gradient', 'scale'] as const;

/** The arrays of one parameter, all of one length. */
export type AdamWArrays = Readonly<Record<(typeof ARRAYS)[number], Float32Array>>;

/** The numbers of an update; src/training/optimizer/adamw.ts says what they are. */
export interface AdamWNumbers {
  readonly beta1: number;
  readonly beta2: number;
  readonly step: number;
  readonly epsilon: number;
  readonly keep: number;
  readonly scale: number;
}

let update: ElementWiseRun<(typeof ARRAYS)[number], (typeof NUMBERS)[number]> | undefined;

/** Updates a parameter and its moments where they are stored. */
export function updateWithAdamW(arrays: AdamWArrays, numbers: AdamWNumbers): void {
  update ??= compileElementWise({
    arrays: ARRAYS,
    numbers: NUMBERS,
    assignments: [
      ['first', ['add', ['mul', 'first', 'beta1'], ['mul', GRADIENT, 'rest1']]],
      ['second', ['add', ['mul', 'second', 'beta2'], ['mul', ['mul', GRADIENT, GRADIENT], 'rest2']]],
      [
        'parameter',
        [
          'sub',
          ['mul', 'parameter', 'keep'],
          ['mul', ['div', 'first', ['add', ['sqrt', 'second'], 'epsilon']], 'step'],
        ],
      ],
    ],
  });
  update(arrays, { ...numbers, rest1: 1 - numbers.beta1, rest2: 1 - numbers.beta2 });
}
