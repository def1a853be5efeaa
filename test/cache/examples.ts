import fc from 'fast-check';
import { actionKey, type KeyManifest } from '../../src/cache/records/action-key.ts';
import type { ActionRecord } from '../../src/cache/records/action-record.ts';
import type { JsonObject } from '../../src/contract/json.ts';
import { digestOfBytes } from '../../src/files/digest.ts';

/** A manifest of the type `train`, with the parts that a test cares for. */
export function manifest(parts: Partial<KeyManifest> = {}): KeyManifest {
  return { format: 1, type: 'train', version: 1, settings: {}, inputs: {}, env: {}, ...parts };
}

/** A record of that manifest, with the parts that a test cares for. */
export function record(parts: Partial<Omit<ActionRecord, 'key' | 'record'>> = {}): ActionRecord {
  const rest = { manifest: manifest(), outputs: {}, observed: {}, provenance: {}, ...parts };
  return { record: 1, key: actionKey(rest.manifest), ...rest };
}

const text = fc.string({ unit: 'grapheme', maxLength: 8 });
const digests = text.map((content) => digestOfBytes(content) as string);
const settings = fc.dictionary(text, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5, noNullPrototype: true });

/** Any manifest. */
export const manifests: fc.Arbitrary<KeyManifest> = fc.record(
  {
    format: fc.constant(1 as const),
    type: text,
    version: fc.nat(9),
    // Through JSON, which has no negative zero.
    settings: settings.map((value) => JSON.parse(JSON.stringify(value)) as JsonObject),
    inputs: fc.dictionary(text, fc.oneof(digests, fc.dictionary(text, digests, { noNullPrototype: true })), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
    executable: fc.dictionary(text, fc.constant(true as const), {
      minKeys: 1,
      maxKeys: 2,
      noNullPrototype: true,
    }),
    env: fc.dictionary(text, text, { maxKeys: 4, noNullPrototype: true }),
  },
  { noNullPrototype: true, requiredKeys: ['format', 'type', 'version', 'settings', 'inputs', 'env'] },
);
