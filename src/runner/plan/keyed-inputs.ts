import type { StoredArtifact } from '../../cache/objects/object-store.ts';
import type { KeyManifest } from '../../cache/records/action-key.ts';

/** What counts of the inputs of an action, by name. */
type Inputs = Readonly<Record<string, { readonly artifact: StoredArtifact }>>;

/** Inputs as they stand in the action key: digests by name, of a collection by label. */
export function inputDigests(
  inputs: Inputs,
  collections: Readonly<Record<string, Inputs>>,
): KeyManifest['inputs'] {
  return { ...digests(inputs), ...mapValues(collections, digests) };
}

/** Only whoever gets a copy can run it, so only there it counts. */
export function executableInputs(
  inputs: Inputs,
  collections: Readonly<Record<string, Inputs>>,
): Pick<KeyManifest, 'executable'> {
  const collected = Object.entries(collections).flatMap(([name, members]) =>
    Object.entries(members).map(([label, input]) => [`${name}/${label}`, input] as const),
  );
  const names = [...Object.entries(inputs), ...collected]
    .filter(([, { artifact }]) => artifact.executable)
    .map(([name]) => [name, true] as const);
  return names.length > 0 ? { executable: Object.fromEntries(names) } : {};
}

function digests(inputs: Inputs): Record<string, string> {
  return mapValues(inputs, ({ artifact }) => artifact.digest);
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
