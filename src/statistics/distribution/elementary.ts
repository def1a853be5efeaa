// Exponential and logarithm from additions, multiplications, divisions and powers of two, which IEEE 754 defines to the
// last bit. Math.exp, Math.log and Math.pow may differ in their last bit between versions of Node, and intervals are
// part of artifacts.

/** ln 2 in two parts; the first has so few bits that its product with an exponent is exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** e^x, within two units of the last place. Overflows to Infinity and underflows to 0 as Math.exp does. */
export function exp(x: number): number {
  if (x > 709.7) return Number.POSITIVE_INFINITY;
  if (x < -744) return 0;
  const halvings = Math.round(x / Math.LN2);
  const rest = x - halvings * LN2_HIGH - halvings * LN2_LOW; // |rest| <= 0.35, so 14 terms reach double precision
  let sum = 1;
  for (let n = 14; n >= 1; n--) sum = 1 + (sum * rest) / n;
  // In two steps, because 2^halvings alone may be below the smallest double.
  const half = halvings >> 1;
  return sum * 2 ** half * 2 ** (halvings - half);
}

/** ln x for x > 0, within two units of the last place; -Infinity for 0. */
export function ln(x: number): number {
  if (x === 0) return Number.NEGATIVE_INFINITY;
  let mantissa = x;
  let exponent = 0;
  for (; mantissa > Math.SQRT2; exponent++) mantissa /= 2;
  for (; mantissa < Math.SQRT1_2; exponent--) mantissa *= 2;
  // 2 · artanh((m - 1) / (m + 1)); the ratio is below 0.172, so 11 terms reach double precision
  const ratio = (mantissa - 1) / (mantissa + 1);
  const square = ratio * ratio;
  let sum = 0;
  for (let n = 21; n >= 1; n -= 2) sum = sum * square + 1 / n;
  return exponent * LN2_HIGH + (2 * ratio * sum + exponent * LN2_LOW);
}
