import { describe, expect, it } from 'vitest';
import { learningCurve } from '../../../src/stages/training/learning-curve.ts';
import type { Evaluation } from '../../../src/training/state/history.ts';

function evaluation(updates: number, trainLoss: number, validationLoss: number): Evaluation {
  const trained = updates > 0;
  return {
    updates,
    epoch: updates / 100,
    tokensSeen: updates * 500,
    trainLoss,
    validationLoss,
    learningRate: trained ? 5e-5 : null,
    gradNorm: trained ? 1 : null,
  };
}

const history = [evaluation(0, 4, 3.9), evaluation(100, 1, 1.2), evaluation(200, 0.3, 0.66)];

/** Points of a curve as [x, y]. */
function points(svg: string, name: string): number[][] {
  const path = new RegExp(`class="curve ${name}" d="M([^"h]+)"`).exec(svg)![1]!;
  return path.split('L').map((point) => point.split(' ').map(Number));
}

describe('learningCurve', () => {
  const svg = learningCurve(history);

  it('draws both losses over the epochs, higher losses higher up', () => {
    for (const name of ['train', 'validation']) {
      const [first, second, third] = points(svg, name);
      expect(second![0]! - first![0]!).toBeCloseTo(third![0]! - second![0]!, 0);
      expect(first![1]!).toBeLessThan(second![1]!);
      expect(second![1]!).toBeLessThan(third![1]!);
    }
    expect(points(svg, 'train')[2]![1]).toBeGreaterThan(points(svg, 'validation')[2]![1]!);
  });

  it('labels epochs, tokens seen, and losses with round numbers', () => {
    const labels = [...svg.matchAll(/>([^<>]+)<\/text>/g)].map((match) => match[1]);
    expect(labels).toEqual(
      expect.arrayContaining(['epochs', 'tokens seen', 'loss', '0.5', '1', '1.5', '2', '20K', '40K', '4']),
    );
    expect(labels).toEqual(expect.arrayContaining(['train 0.300', 'validation 0.660']));
  });

  it('puts a number of tokens where that many had been seen, also when batches grow', () => {
    const uneven = [
      evaluation(0, 4, 4),
      { ...evaluation(99, 2, 2), tokensSeen: 10_000 },
      { ...evaluation(199, 1, 1), tokensSeen: 60_000 },
    ];
    const [, x] = /<path class="axis" d="M([\d.]+) 56v-5"\/><text[^>]*>10K</.exec(learningCurve(uneven))!;
    expect(Number(x)).toBe(points(learningCurve(uneven), 'train')[1]![0]);
  });

  it('puts a ring around the evaluation that was kept, and says its loss', () => {
    expect(svg).not.toContain('kept');
    const marked = learningCurve(history.map((row) => (row.updates === 100 ? { ...row, kept: true } : row)));
    const [, x, y] = /<circle class="kept" cx="([\d.]+)" cy="([\d.]+)"/.exec(marked)!;
    expect([Number(x), Number(y)]).toEqual(points(marked, 'validation')[1]);
    expect(marked).toContain('>kept 1.20<');
    expect(marked).toContain('; kept: epoch 1, validation loss 1.20"');
  });

  it('goes on to the end of an epoch that was evaluated last shortly before its end', () => {
    const labels = [
      ...learningCurve([evaluation(0, 4, 4), evaluation(196, 1, 1)]).matchAll(/>([^<>]+)<\/text>/g),
    ];
    expect(labels.map((match) => match[1])).toContain('2');
  });

  it('shows a single evaluation as a dot', () => {
    const single = learningCurve([evaluation(0, 4, 3.9)]);
    const [[x, y]] = points(single, 'train') as [[number, number]];
    expect(single).toContain(`<circle class="train" cx="${x}" cy="${y}"`);
  });

  it('refuses an empty history', () => {
    expect(() => learningCurve([])).toThrow('at least one evaluation');
  });
});
