import { describe, expect, it } from 'vitest';
import { planDonations } from '../../../../src/engine/onnxruntime/graph/donation.ts';
import { programFor } from '../../../../src/engine/onnxruntime/graph/program.ts';
import { known, type Operand, record } from '../../../../src/engine/onnxruntime/graph/trace.ts';

const SHAPE = [2, 2];
const stored = (shape = SHAPE): Operand => known(new Float32Array(4), shape, 'float32');
const apply = (op: string, ...inputs: Operand[]): Operand => record(op, inputs, SHAPE, 'float32');

/** For each output, which of `operands` gives it its memory; undefined where none does. */
function donors(outputs: Operand[], operands: Operand[], free = operands): (Operand | undefined)[] {
  const program = programFor(outputs.map(({ value }) => value));
  const places = planDonations(program, (value) => free.some((operand) => operand.value === value));
  return places.map((place) => operands.find(({ value }) => value === program.inputs[place]?.value));
}

describe('planning which result overwrites what it was made from', () => {
  it('lets elementwise results do so, also over several steps', () => {
    const [weight, gradient] = [stored(), stored()];
    const kept = apply('Mul', weight, stored());
    expect(donors([apply('Sub', kept, gradient)], [weight])).toEqual([weight]);
  });

  it('keeps what is still needed', () => {
    const weight = stored();
    expect(donors([apply('Neg', weight)], [weight], [])).toEqual([undefined]);
  });

  it('gives each array away once', () => {
    const weight = stored();
    const places = donors([apply('Neg', weight), apply('Abs', weight)], [weight]);
    expect(places).toEqual([undefined, undefined]); // either could be written before the other is read
    const both = apply('Neg', apply('Abs', weight));
    expect(donors([both, apply('Neg', both)], [weight])).toEqual([weight, undefined]);
  });

  it('never where a reader needs other elements than those it makes', () => {
    const matrix = stored();
    expect(donors([apply('MatMul', matrix, stored())], [matrix])).toEqual([undefined]);
    // The library fuses the two nodes into one, which would still read what it has already overwritten.
    expect(donors([apply('Add', apply('MatMul', matrix, stored()), stored())], [matrix])).toEqual([
      undefined,
    ]);
    expect(donors([apply('Sub', matrix, apply('MatMul', matrix, matrix))], [matrix])).toEqual([undefined]);
  });

  it('never where the operand is read in another shape', () => {
    const row = stored([4]);
    expect(donors([apply('Add', { value: row.value, shape: [2, 2] }, stored())], [row])).toEqual([row]);
    const broadcast = known(new Float32Array(4), [1, 4], 'float32');
    const wide = record('Mul', [broadcast, stored([4, 1])], [4, 4], 'float32');
    expect(donors([wide], [broadcast])).toEqual([undefined]);
  });

  it('only for the first input of a scatter', () => {
    const [base, updates, places] = [stored(), stored(), known(new Int32Array(4), SHAPE, 'int32')];
    expect(donors([apply('ScatterElements', base, places, updates)], [base, updates])).toEqual([base]);
    expect(donors([apply('ScatterElements', updates, places, updates)], [updates])).toEqual([undefined]);
  });
});
