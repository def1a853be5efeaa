import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { KeyManifest } from '../../../src/cache/records/action-key.ts';
import { changesBetween } from '../../../src/cache/records/manifest-diff.ts';
import { NearestManifest } from '../../../src/cache/records/nearest-manifest.ts';
import type { JsonObject } from '../../../src/contract/json.ts';

/** Few values, and mostly the same names, so that among many manifests some are equal, near and equally near. */
const value = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom<number | string | boolean | null>(0, 1, '1', true, null) },
  { weight: 1, arbitrary: fc.constantFrom([1, 2], [2, 1], {}, { a: 1 }, { a: 2 }, { a: { b: 1 } }) },
);
const settings = fc.oneof(
  { weight: 4, arbitrary: fc.record({ a: value, b: value, c: value }) },
  {
    weight: 1,
    arbitrary: fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'a.b'), value, { maxKeys: 3 }),
  },
);
const inputs = fc.record(
  { x: fc.constantFrom('one', 'two', 'three'), y: fc.constant('one') },
  { requiredKeys: ['x'] },
);
const manifest: fc.Arbitrary<KeyManifest> = fc.record({
  format: fc.constant(1 as const),
  type: fc.constantFrom('command', 'command', 'command', 'report'),
  version: fc.constantFrom(1, 1, 1, 2),
  settings: settings as fc.Arbitrary<JsonObject>,
  inputs: inputs as fc.Arbitrary<Record<string, string>>,
  env: fc.constant({}),
});

function withSettings(settings: JsonObject): KeyManifest {
  return { format: 1, type: 'command', version: 1, settings, inputs: {}, env: {} };
}

/** The last is nearer than the second, which has the same names all through as what is wanted. */
const wantedThen = withSettings({ a: 1, b: 1, c: 1, d: {} });
const nearInAnotherGroup = [
  withSettings({ a: 0, b: 0, c: 0, d: 0 }),
  withSettings({ a: 0, b: 0, c: 0, d: {} }),
  withSettings({ a: 1, b: 1, c: 0, d: 0 }),
];

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
    fc.property(fc.array(manifest, { maxLength: 30, size: 'max' }), manifest, (manifests, wanted) => {
      expect(new NearestManifest(manifests).of(wanted)).toEqual(nearestByAll(manifests, wanted));
    }),
    { numRuns: 300, examples: [[nearInAnotherGroup, wantedThen]] },
  );
});
