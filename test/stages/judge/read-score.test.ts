import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readScore } from '../../../src/stages/judge/read-score.ts';

describe('the score in a reply', () => {
  it('is the integer that is the whole reply', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100 }),
        fc.constantFrom('', ' ', '\n', '\t\n '),
        (score, space) => {
          expect(readScore(`${space}${score}${space}`, 'stop')).toEqual({ score });
        },
      ),
    );
  });

  it.each([
    ['', 'the reply is empty'],
    [' \n', 'the reply is empty'],
    ['Excellent!', 'the reply holds no number'],
    ['85.5', 'the reply is not a bare integer'],
    ['85.', 'the reply is not a bare integer'],
    ['Score: 85', 'the reply is not a bare integer'],
    ['85/100', 'the reply holds several numbers'],
    ['Between 80 and 90.', 'the reply holds several numbers'],
    ['101', 'the number is not from 0 to 100'],
    ['-5', 'the number is not from 0 to 100'],
    ['9'.repeat(400), 'the number is not from 0 to 100'],
  ])('%j is none', (reply, reason) => {
    expect(readScore(reply, 'stop')).toEqual({ score: null, reason });
  });

  it('is none where the reply was cut, for digits may be missing', () => {
    expect(readScore('10', 'length')).toEqual({
      score: null,
      reason: 'the reply was cut off at its greatest length',
    });
  });

  it('is never anything but an integer from 0 to 100, or null with a reason', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+ 0-9./]*$/)), (reply) => {
        const read = readScore(reply, undefined);
        if (read.score === null) expect(read.reason).not.toBe('');
        else {
          expect(Number.isInteger(read.score) && !Object.is(read.score, -0)).toBe(true);
          expect(read.score).toBeGreaterThanOrEqual(0);
          expect(read.score).toBeLessThanOrEqual(100);
        }
      }),
    );
  });
});
