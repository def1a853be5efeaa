import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnsOf, fitting, padded } from '../../src/terminal/display-width.ts';

describe('columns of a terminal', () => {
  it.each([
    ['plain', 5],
    ['学習率', 6],
    ['é', 1],
    ['👩‍🔬', 2],
    ['❤️', 2],
    ['1️⃣', 2],
    ['❤', 1],
    ['\t|', 5],
    ['\u001b[31m', 5],
    ['', 0],
  ])('of %j are %i', (text, columns) => {
    expect(columnsOf(text)).toBe(columns);
  });

  it('are never more than there is room for, and a line that fits stays as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 20 }), (line, room) => {
        const shown = fitting(line, room);
        expect(columnsOf(shown)).toBeLessThanOrEqual(room);
        if (columnsOf(line) <= room) expect(shown).toBe(line);
        else expect(shown.endsWith('…') && line.startsWith(shown.slice(0, -1))).toBe(true);
      }),
    );
  });

  it('are filled up with spaces', () => {
    expect(padded('学', 4)).toBe('学  ');
    expect(padded('long', 2)).toBe('long');
  });
});
