/** Ranks from 1; equal values share the mean of their ranks. */
export function ranks(values: readonly number[]): number[] {
  const ascending = values.map((value, place) => ({ value, place })).sort((a, b) => a.value - b.value);
  const result: number[] = new Array(values.length);
  for (let from = 0, to = 0; from < ascending.length; from = to) {
    while (to < ascending.length && ascending[to]!.value === ascending[from]!.value) to++;
    for (let i = from; i < to; i++) result[ascending[i]!.place] = (from + to + 1) / 2;
  }
  return result;
}
