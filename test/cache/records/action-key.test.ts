import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actionKey, type KeyManifest } from '../../../src/cache/records/action-key.ts';
import { digestOfBytes } from '../../../src/files/digest.ts';
import { manifest, manifests } from '../examples.ts';

describe('actionKey', () => {
  it('is the SHA-256 of the canonical JSON of the manifest', () => {
    const data = digestOfBytes('data');
    const example = manifest({ settings: { b: 1, a: 5e-5 }, inputs: { data }, env: { SEED: '1' } });
    expect(actionKey(example)).toBe(
      digestOfBytes(
        `{"env":{"SEED":"1"},"format":1,"inputs":{"data":"${data}"},"settings":{"a":0.00005,"b":1},"type":"train","version":1}`,
      ),
    );
  });

  it('does not depend on the order in which anything is given', () => {
    fc.assert(
      fc.property(manifests, (one) => {
        const turned = turn(one) as KeyManifest;
        expect(actionKey(turned)).toBe(actionKey(one));
      }),
    );
  });

  it('changes with every field', () => {
    const one = manifest({ settings: { rate: 1 }, inputs: { data: digestOfBytes('a') }, env: { SEED: '1' } });
    const others: KeyManifest[] = [
      { ...one, type: 'generate' },
      { ...one, version: 2 },
      { ...one, format: 2 as 1 },
      { ...one, settings: { rate: 2 } },
      { ...one, settings: { rate: '1' } },
      { ...one, settings: { rate: 1, more: null } },
      { ...one, settings: {} },
      { ...one, inputs: { data: digestOfBytes('b') } },
      { ...one, inputs: { other: digestOfBytes('a') } },
      { ...one, inputs: { data: { '': digestOfBytes('a') } } },
      { ...one, inputs: {} },
      { ...one, executable: { data: true } },
      { ...one, executable: { other: true } },
      { ...one, executable: { data: true }, version: 2 },
      { ...one, env: { SEED: '2' } },
      { ...one, env: { SEED: '1', OTHER: '' } },
      { ...one, env: {} },
    ];
    const keys = [one, ...others].map(actionKey);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('leaves out what does not belong to a manifest', () => {
    const extended = { ...manifest(), stage: 'train', time: 1 };
    expect(actionKey(extended)).toBe(actionKey(manifest()));
  });
});

/** The same value with the keys of every object in the opposite order. */
function turn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turn);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, turn(inner)]),
  );
}
