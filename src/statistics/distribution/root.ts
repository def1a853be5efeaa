/**
 * Where an increasing function passes 0 between `low` and `high`, by bisection down to neighbouring doubles: slower than
 * Newton's method, but it cannot fail. The caller knows that the root is between them.
 */
export function rootOf(increasing: (x: number) => number, low: number, high: number): number {
  let below = low;
  let above = high;
  for (;;) {
    const middle = (below + above) / 2;
    if (middle <= below || middle >= above) return middle;
    if (increasing(middle) < 0) below = middle;
    else above = middle;
  }
}
