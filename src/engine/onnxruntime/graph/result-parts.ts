import { sizeOf, type Value } from './trace.ts';

/**
 * For each result, the values of which it is made up, one after another in memory: a concatenation along its first axis
 * consists of what it concatenates, so that its parts can be computed where they belong and need not be copied; any other
 * result is its own only part. No value is part of two results or of one twice.
 */
export function partsOf(results: readonly Value[]): Value[][] {
  const taken = new Set(results);
  return results.map((result) => {
    const parts = concatenated(result);
    if (parts === undefined || new Set(parts).size < parts.length || parts.some((part) => taken.has(part)))
      return [result];
    for (const part of parts) taken.add(part);
    return parts;
  });
}

/** What a concatenation along the first axis is made of, where all of it is still to be computed. */
function concatenated({ producer, shape }: Value): Value[] | undefined {
  const { op, attributes, inputs } = producer!;
  const before = shape.slice(0, attributes?.axis as number);
  if (op !== 'Concat' || sizeOf(before) > 1) return undefined;
  const values = inputs.map((input) => (input !== undefined && 'value' in input ? input.value : undefined));
  const isToCome = (value: Value | undefined): value is Value =>
    value !== undefined && value.data === undefined && sizeOf(value.shape) > 0;
  return values.every(isToCome) ? values : undefined;
}
