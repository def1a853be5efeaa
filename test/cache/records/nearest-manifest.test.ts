import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { KeyManifest } from '../../../src/cache/records/action-key.ts';
import { changesBetween } from '../../../src/cache/records/manifest-diff.ts';
import { NearestManifest } from '../../../src/cache/records/nearest-manifest.ts';
import type { JsonObject } from '../../../src/contract/json.ts';

/** Few names and values, so that many manifests are alike; values that hold values, and lists, are among them. */
const value = fc.oneof(
  fc.constantFrom<number | string | boolean | null>(0, 1, '1', true, null),
  fc.constantFrom([1, 2], [2, 1], {}, { a: 1 }, { a: 2 }, { a: { b: 1 } }),
);
const map = fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'a.b'), value, { maxKeys: 3 });
const manifest = fc.record({
  format: fc.constant(1 as const),
  type: fc.constantFrom('command', 'report'),
  version: fc.constantFrom(1, 2),
  settings: map as fc.Arbitrary<JsonObject>,
  inputs: fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('one', 'two', 'three'), { maxKeys: 2 }),
  env: fc.constant({}),
});

/** What is documented, one manifest after the other. */
function nearestByAll(manifests: readonly KeyManifest[], wanted: KeyManifest) {
  const compared = manifests.flatMap((before, index) => {
    const changes = changesBetween(before, wanted);
    const likeIt = changes.every(({ before, after }) => before !== undefined && after !== undefined);
    return before.type === wanted.type && likeIt && changes.length > 0 ? [{ index, changes }] : [];
  });
  const fewest = Math.min(...compared.map(({ changes }) => changes.length));
  return compared.find(({ changes }) => changes.length === fewest);
}

it('finds the manifest that comparing all of them finds', () => {
  fc.assert(
    fc.property(fc.array(manifest, { maxLength: 30 }), manifest, (manifests, wanted) => {
      expect(new NearestManifest(manifests).of(wanted)).toEqual(nearestByAll(manifests, wanted));
    }),
    { numRuns: 1000 },
  );
});
