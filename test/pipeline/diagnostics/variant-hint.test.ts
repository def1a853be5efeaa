import { describe, expect, it } from 'vitest';
import { variantHint } from '../../../src/pipeline/diagnostics/variant-hint.ts';

const KNOWN = [
  'train',
  'table',
  ...[1, 0.1, 0.01].flatMap((lr) => ['small', 'big'].map((model) => `train[lr=${lr},model=${model}]`)),
];

describe('variantHint', () => {
  it.each([
    ['train[model=small,lr=0.01]', 'train[lr=0.01,model=small]'],
    ['train[lr=1e-2,model=small]', 'train[lr=0.01,model=small]'],
    ['train[lr=.10, model="big"]', 'train[lr=0.1,model=big]'],
    ['train[lr=1.0,model=large]', 'train[lr=1,model=small]'],
    ['train[model=big]', 'train[lr=1,model=big]'],
    ['trian', 'train'],
  ])('for %s is %s', (wanted, id) => {
    expect(variantHint(wanted, KNOWN, 'stages')).toBe(`did you mean \`${id}\`?`);
    const outputs = KNOWN.map((known) => `${known}.loss`);
    expect(variantHint(`${wanted}.loss`, outputs, 'outputs')).toBe(`did you mean \`${id}.loss\`?`);
  });

  it('lists what there is where nothing is alike', () => {
    expect(variantHint('report[seed=1]', ['train', 'table'], 'its stages')).toBe(
      'its stages: `train`, `table`',
    );
  });
});
