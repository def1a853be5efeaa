import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exp, ln } from '../../src/statistics/distribution/elementary.ts';
import { normalCdf, normalQuantile } from '../../src/statistics/distribution/normal.ts';
import { studentCdf, studentQuantile } from '../../src/statistics/distribution/student.ts';
import { GOLDEN } from './golden.ts';

/** That two numbers differ by at most a share of the second. */
function near(actual: number, expected: number, share: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(share * Math.abs(expected) + 1e-300);
}

describe('distributions', () => {
  it("have SciPy's probabilities", () => {
    for (const [z, p] of GOLDEN.normal) near(normalCdf(z!), p!, 1e-12);
    for (const [t, freedom, p] of GOLDEN.student) near(studentCdf(t!, freedom!), p!, 1e-10);
  });

  it("have SciPy's quantiles", () => {
    for (const [p, z] of GOLDEN.normalQuantile) expect(normalQuantile(p!)).toBeCloseTo(z!, 11);
    for (const [p, freedom, t] of GOLDEN.studentQuantile) {
      near(studentQuantile(p!, freedom!), t!, 1e-9);
    }
  });

  it('are symmetric to the last bit, so that A - B and B - A have one interval', () => {
    expect(studentQuantile(0.75, 7)).toBe(-studentQuantile(0.25, 7));
    expect(normalQuantile(0.75)).toBe(-normalQuantile(0.25));
  });
});

describe('exponential and logarithm', () => {
  it('agree with those of the engine but for the last bits', () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => near(exp(x), Math.exp(x), 1e-15)),
    );
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) => {
        expect(Math.abs(ln(x) - Math.log(x))).toBeLessThanOrEqual(1e-15 * Math.max(1, Math.abs(Math.log(x))));
      }),
    );
  });

  it('overflow and underflow as they do', () => {
    expect([exp(710), exp(-746), exp(-740), ln(0)]).toEqual([Infinity, 0, Math.exp(-740), -Infinity]);
  });
});
