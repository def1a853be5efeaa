import { describe, expect, it } from 'vitest';
import { partsOf } from '../../../../src/engine/onnxruntime/graph/result-parts.ts';
import { known, type Operand, record, reshape } from '../../../../src/engine/onnxruntime/graph/trace.ts';

const negative = (rows: number): Operand =>
  record('Neg', [known(new Float32Array(2 * rows), [rows, 2], 'float32')], [rows, 2], 'float32');

function concat(axis: number, ...parts: Operand[]): Operand {
  const shape = [...parts[0]!.shape];
  shape[axis] = parts.reduce((sum, part) => sum + part.shape[axis]!, 0);
  return record('Concat', parts, shape, 'float32', { attributes: { axis } });
}

const values = (...operands: Operand[]) => operands.map(({ value }) => value);

describe('the parts of a result', () => {
  it('of a concatenation of rows are what is concatenated', () => {
    const [first, second] = [negative(1), negative(3)];
    const { value } = concat(0, first, second);
    expect(partsOf([value])).toEqual([values(first, second)]);
  });

  it('are the same where only lengths of 1 come before the axis', () => {
    const rows = [negative(1), negative(3)].map((part) => reshape(part, [1, ...part.shape]));
    expect(partsOf(values(concat(1, ...rows)))).toEqual([values(...rows)]);
  });

  it('of any other result are itself', () => {
    const [sum, columns] = values(negative(2), concat(1, negative(2), negative(2)));
    expect(partsOf([sum!, columns!])).toEqual([[sum], [columns]]);
  });

  it('are never what is known, twice there, a result itself, empty, or part of another', () => {
    const [part, shared, empty] = [negative(2), negative(2), negative(0)];
    const stored = known(new Float32Array(4), [2, 2], 'float32');
    const whole = values(
      concat(0, part, stored),
      concat(0, part, part),
      concat(0, part, empty),
      concat(0, part, shared),
      concat(0, negative(2), shared),
    );
    const { value } = concat(0, negative(2), part);
    expect(partsOf(whole)).toEqual([[whole[0]], [whole[1]], [whole[2]], values(part, shared), [whole[4]]]);
    expect(partsOf([value, part.value])).toEqual([[value], [part.value]]);
  });
});
