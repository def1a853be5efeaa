/** What says which item a response, or its score, belongs to. */
export interface Sampled {
  /** Identity of the question. */
  readonly question: string;
  /** Number of the response among several that one model gave to the question as one item. */
  readonly sample?: number | undefined;
}

/**
 * The item of each entry, by name. Samples of a question are one item; a question that stands there twice, or samples whose
 * numbers begin anew, are two.
 */
export function itemNames(entries: readonly Sampled[]): string[] {
  const seen = new Map<string, number>();
  return entries.map(({ question, sample }) => {
    const key = JSON.stringify([question, sample ?? null]);
    const before = seen.get(key) ?? 0;
    seen.set(key, before + 1);
    return question + ' again'.repeat(before);
  });
}

/**
 * The value of each item: the mean over its samples that have one, null where none has. Samples of one item are not
 * independent, so that whatever is said of several items counts each item once.
 */
export function itemMeans(
  items: readonly string[],
  values: readonly (number | null)[],
): ReadonlyMap<string, number | null> {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const [place, item] of items.entries()) {
    const { sum, count } = sums.get(item) ?? { sum: 0, count: 0 };
    const value = values[place] ?? null;
    sums.set(item, value === null ? { sum, count } : { sum: sum + value, count: count + 1 });
  }
  return new Map(
    Array.from(sums, ([item, { sum, count }]) => [item, count === 0 ? null : sum / count] as const),
  );
}
