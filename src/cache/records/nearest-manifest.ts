import { canonicalJson } from '../../contract/canonical-json.ts';
import { isObject, type Json } from '../../contract/json.ts';
import type { KeyManifest } from './action-key.ts';
import { type Change, changesBetween, PARTS } from './manifest-diff.ts';

/** Manifests with the same names everywhere, in the order of their indexes. */
interface Group {
  readonly type: string;
  /** Any of them; whether a group can be compared with a manifest hangs on the names only. */
  readonly example: KeyManifest;
  readonly members: { readonly index: number; readonly values: readonly number[] }[];
}

/** A manifest taken apart: `shape` holds its names, `values` a number for each value, in the order of the names. */
interface Parts {
  readonly shape: string;
  readonly values: readonly number[];
}

/**
 * Finds the manifest that another one is most like. Each is taken apart once, so that a comparison only compares
 * numbers: a large pipeline in which everything is new compares every stage with every earlier one.
 */
export class NearestManifest {
  readonly #manifests: readonly KeyManifest[];
  readonly #groups = new Map<string, Group>();
  /** Text of a value -> its number. */
  readonly #numbers = new Map<string, number>();

  constructor(manifests: readonly KeyManifest[]) {
    this.#manifests = manifests;
    for (const [index, manifest] of manifests.entries()) {
      const { shape, values } = this.#takeApart(manifest);
      const group = this.#groups.get(shape);
      if (group) group.members.push({ index, values });
      else this.#groups.set(shape, { type: manifest.type, example: manifest, members: [{ index, values }] });
    }
  }

  /**
   * Of the manifests of the same type that have the same parts, the first with the fewest changes, but some; undefined
   * without one. What one of two lacks altogether is no change of a value: they do different things.
   */
  of(manifest: KeyManifest): { readonly index: number; readonly changes: readonly Change[] } | undefined {
    const { shape, values } = this.#takeApart(manifest);
    let nearest = { index: Number.POSITIVE_INFINITY, distance: Number.POSITIVE_INFINITY };
    for (const [groupShape, { type, example, members }] of this.#groups) {
      const same = groupShape === shape;
      if (type !== manifest.type || !(same || comparable(example, manifest))) continue;
      for (const { index, values: others } of members) {
        const distance = same
          ? differences(values, others, nearest.distance)
          : changesBetween(this.#manifests[index]!, manifest).length;
        const isNearer =
          distance < nearest.distance || (distance === nearest.distance && index < nearest.index);
        if (distance > 0 && isNearer) nearest = { index, distance };
        if (distance === 1) break; // none of the group is nearer
      }
    }
    const found = this.#manifests[nearest.index];
    return found && { index: nearest.index, changes: changesBetween(found, manifest) };
  }

  #takeApart(manifest: KeyManifest): Parts {
    const values: number[] = [];
    const shapeOf = (value: Json | undefined): string => {
      if (value === undefined) return '';
      if (isObject(value)) {
        const names = Object.keys(value).sort();
        return `{${names.map((name) => JSON.stringify(name) + shapeOf(value[name]!)).join()}}`;
      }
      values.push(this.#numberOf(canonicalJson(value)));
      return ':';
    };
    return { shape: manifest.type + PARTS.map((part) => shapeOf(manifest[part])).join(), values };
  }

  #numberOf(text: string): number {
    const number = this.#numbers.get(text) ?? this.#numbers.size;
    this.#numbers.set(text, number);
    return number;
  }
}

function comparable(before: KeyManifest, after: KeyManifest): boolean {
  return changesBetween(before, after).every(
    ({ before, after }) => before !== undefined && after !== undefined,
  );
}

/** In how many places two lists of the same length differ; counted no further than one more than `most`. */
function differences(one: readonly number[], other: readonly number[], most: number): number {
  let count = 0;
  for (let index = 0; index < one.length && count <= most; index++) if (one[index] !== other[index]) count++;
  return count;
}
