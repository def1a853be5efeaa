import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chrF } from '../../../../src/stages/judge/reference/chrf.ts';

interface Value {
  readonly text: string;
  readonly reference: string;
  /** From 0 to 100. */
  readonly chrf: number;
}
const golden: { readonly values: readonly Value[] } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../golden/chrf.json'), 'utf8'),
);

describe('chrF', () => {
  it.each(golden.values)(
    'of $text against $reference is what sacrebleu says',
    ({ text, reference, chrf }) => {
      expect(100 * chrF(text, reference)).toBeCloseTo(chrf, 9);
    },
  );

  it('of texts without characters is whether both have none', () => {
    expect(chrF('', ' \n')).toBe(1);
    expect(chrF('', 'a')).toBe(0);
    expect(chrF('a', '')).toBe(0);
  });

  it('is from 0 to 1, and 1 for equal texts', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, reference) => {
        const score = chrF(text, reference);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1 + 1e-12);
        expect(chrF(text, text)).toBeCloseTo(1, 12);
      }),
    );
  });
});
