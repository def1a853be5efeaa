import { describe, expect, it } from 'vitest';
import { closestName, nameHint } from '../../../src/pipeline/diagnostics/did-you-mean.ts';

const names = ['learning_rate', 'epochs', 'batch_size', 'with', 'url'];

describe('closestName', () => {
  it.each([
    ['lerning_rate', 'learning_rate'],
    ['Epochs', 'epochs'],
    ['epoch', 'epochs'],
    ['batchsize', 'batch_size'],
    ['wiht', 'with'],
    ['ulr', 'url'],
    ['colour', undefined],
    ['x', undefined],
  ])('of %s is %s', (name, closest) => {
    expect(closestName(name, names)).toBe(closest);
  });
});

describe('nameHint', () => {
  it('asks, lists, or says that there is nothing', () => {
    expect(nameHint('epoch', names, 'parameters')).toBe('did you mean `epochs`?');
    expect(nameHint('colour', ['a', 'b'], 'parameters')).toBe('parameters: `a`, `b`');
    expect(nameHint('colour', [], 'parameters')).toBe('there are no parameters');
  });
});
