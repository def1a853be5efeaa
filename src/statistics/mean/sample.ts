/** What is drawn, flipped or left out as one: a single item, or a group of items that belong together. */
export interface Sample {
  /** Sum of the values of each unit. */
  readonly sums: Float64Array;
  /** Number of items of each unit. */
  readonly counts: Float64Array;
  /** Number of items. */
  readonly items: number;
  readonly mean: number;
}

/**
 * Values as a sample. `groups` names the group of each value; without it each value is a unit of its own. Units are sorted,
 * so that the order of the items changes nothing that is computed. Throws RangeError for a value that is no finite number,
 * and if there is not one group for each value.
 */
export function sampleOf(values: readonly number[], groups?: readonly string[]): Sample {
  if (!values.every(Number.isFinite)) throw new RangeError('A value is not a finite number.');
  if (groups !== undefined && groups.length !== values.length) {
    throw new RangeError(`There are ${groups.length} groups for ${values.length} values.`);
  }
  const units = groups === undefined ? values.map((value) => [value]) : grouped(values, groups);
  const sorted = units
    .map((unit) => ({ sum: sumOf(unit.sort((a, b) => a - b)), count: unit.length }))
    .sort((a, b) => a.sum - b.sum || a.count - b.count);
  const sums = Float64Array.from(sorted, ({ sum }) => sum);
  return {
    sums,
    counts: Float64Array.from(sorted, ({ count }) => count),
    items: values.length,
    mean: values.length === 0 ? 0 : sumOf(sums) / values.length,
  };
}

/** Whether all units have one mean, so that the sample shows no spread. */
export function isConstant({ sums, counts, mean }: Sample): boolean {
  return sums.every((sum, unit) => Math.abs(sum / counts[unit]! - mean) <= 1e-12 * Math.abs(mean));
}

/**
 * The standard error of the mean: s/√n, and with groups √(G/(G-1) Σ(S - m·N)²)/ΣN of their sums S and sizes N (the
 * linearized ratio estimator, Cochran 1977). Needs two units.
 */
export function standardError({ sums, counts, items, mean }: Sample): number {
  const units = sums.length;
  const squares = sumOf(sums.map((sum, unit) => (sum - mean * counts[unit]!) ** 2));
  return Math.sqrt((squares * units) / (units - 1)) / items;
}

export function sumOf(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

function grouped(values: readonly number[], groups: readonly string[]): number[][] {
  const byName = new Map<string, number[]>();
  for (const [index, value] of values.entries()) {
    const group = byName.get(groups[index]!);
    if (group) group.push(value);
    else byName.set(groups[index]!, [value]);
  }
  return [...byName.values()];
}
