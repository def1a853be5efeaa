import { parseVariantName, type VariantName } from '../variant-name.ts';
import { nameHint } from './did-you-mean.ts';

/**
 * A hint for the id of a stage, or of its output, that is not known. For a variant it is the id with the most of the
 * named values, whatever their order and spelling (`1e-2` for 0.01); else as `nameHint` gives it.
 */
export function variantHint(wanted: string, known: Iterable<string>, what: string): string {
  const ids = [...known];
  const asked = parseVariantName(wanted);
  let best: { readonly id: string; readonly equal: number } | undefined;
  for (const id of asked === undefined ? [] : ids) {
    const equal = equalValues(asked!, parseVariantName(id));
    if (equal > (best?.equal ?? 0)) best = { id, equal };
  }
  return best === undefined ? nameHint(wanted, ids, what) : `did you mean \`${best.id}\`?`;
}

/** How many values two variants have in common; none where they are of other stages, outputs or parameters. */
function equalValues(asked: VariantName, known: VariantName | undefined): number {
  if (known === undefined || known.head !== asked.head || known.tail !== asked.tail) return 0;
  const names = [...asked.values.keys()];
  if (!names.every((name) => known.values.has(name))) return 0;
  return names.filter((name) => known.values.get(name) === asked.values.get(name)).length;
}
