/** The parts that records are cut into, in this order. */
export const PARTS = ['train', 'test', 'validation'] as const;
export type Part = (typeof PARTS)[number];
export type Sizes = Readonly<Record<Part, number>>;

/** Records that stay on one side, by their places in the file. */
export type Group = readonly number[];

/**
 * Gives each group a part. Groups come in the order in which they are laid out: each goes to the first part that has room
 * for all of it, or, if none has, to the one with the most. So single records fill train, then test, then validation, as the
 * book cuts them. Groups larger than test and validation are placed first: there is room for them in train alone.
 */
export function fillParts(groups: readonly Group[], sizes: Sizes): ReadonlyMap<Group, Part> {
  const room: Record<Part, number> = { ...sizes };
  const largest = Math.max(sizes.test, sizes.validation);
  const parts = new Map<Group, Part>();
  for (const isLarge of [true, false]) {
    for (const group of groups) {
      if (group.length > 1 && group.length > largest !== isLarge) continue;
      if (group.length === 1 && isLarge) continue;
      const most = PARTS.reduce((best, part) => (room[part] > room[best] ? part : best));
      const part = PARTS.find((part) => room[part] >= group.length) ?? most;
      room[part] -= group.length;
      parts.set(group, part);
    }
  }
  return parts;
}

/**
 * The sizes of the parts in each stratum, given how many records it has and the sizes of the parts in all. Every size is the
 * exact share rounded down or up; a record that is left by rounding down goes to the part that has fallen behind most in the
 * strata so far, so that the sums stay close to the sizes in all.
 */
export function stratumSizes(counts: readonly number[], sizes: Sizes): Sizes[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const behind: Record<Part, number> = { train: 0, test: 0, validation: 0 };
  return counts.map((count) => {
    const own: Record<Part, number> = { train: 0, test: 0, validation: 0 };
    const raised: Part[] = [];
    for (const part of PARTS) {
      const exact = (count * sizes[part]) / total;
      // 0.1 * 30 is a little more than 3, and is 3.
      own[part] = Math.floor(exact + 1e-9);
      behind[part] += exact - own[part];
      if (exact - own[part] > 1e-9) raised.push(part);
    }
    const left = count - PARTS.reduce((sum, part) => sum + own[part], 0);
    raised.sort((a, b) => behind[b] - behind[a]);
    for (const part of raised.slice(0, left)) {
      own[part] += 1;
      behind[part] -= 1;
    }
    return own;
  });
}
