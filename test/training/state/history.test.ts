import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Evaluation, formatHistory, parseHistory } from '../../../src/training/state/history.ts';

const beforeTraining: Evaluation = {
  updates: 0,
  epoch: 0,
  tokensSeen: 0,
  trainLoss: 3.8259,
  validationLoss: 3.7619,
  learningRate: null,
  gradNorm: null,
};
const afterOneUpdate: Evaluation = {
  updates: 1,
  epoch: 1 / 116,
  tokensSeen: 488,
  trainLoss: Math.fround(2.637),
  validationLoss: 2.626,
  learningRate: 5e-5,
  gradNorm: 12.5,
};

describe('history.csv', () => {
  it('has one line an evaluation, with all digits of each number', () => {
    expect(formatHistory([beforeTraining, afterOneUpdate])).toBe(
      [
        'step,epoch,tokens_seen,train_loss,validation_loss,learning_rate,grad_norm',
        '-1,0,0,3.8259,3.7619,,',
        '0,0.008620689655172414,488,2.63700008392334,2.626,0.00005,12.5',
        '',
      ].join('\n'),
    );
  });

  it('marks the evaluation that was kept in a column that is there for this alone', () => {
    const csv = formatHistory([{ ...beforeTraining, kept: true }, afterOneUpdate]);
    expect(csv.split('\n').map((line) => line.split(',').slice(6))).toEqual([
      ['grad_norm', 'kept'],
      ['', '1'],
      ['12.5', ''],
      [],
    ]);
    expect(parseHistory(csv)).toEqual([{ ...beforeTraining, kept: true }, afterOneUpdate]);
  });

  it('reads back as the same numbers', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
    const evaluation = fc.record({
      updates: fc.nat(),
      epoch: finite,
      tokensSeen: fc.nat(),
      trainLoss: finite,
      validationLoss: finite,
      learningRate: fc.option(finite),
      gradNorm: fc.option(finite),
    });
    fc.assert(
      fc.property(fc.array(evaluation), (rows) => {
        expect(parseHistory(formatHistory(rows))).toEqual(rows);
      }),
    );
  });

  it('says where a file is not a history', () => {
    expect(() => parseHistory('a,b\n1,2\n')).toThrow('line 1: expected the columns step,epoch,');
    const good = formatHistory([afterOneUpdate]);
    expect(() => parseHistory(`${good}1,2\n`)).toThrow('line 3: 2 cells where 7 are expected');
    expect(() => parseHistory(good.replace('2.626', 'x'))).toThrow(
      'line 2: validationLoss is not a number: "x"',
    );
  });
});
