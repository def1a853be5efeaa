import { describe, expect, it } from 'vitest';
import { DrawnRows } from '../../src/reporters/drawn-rows.ts';

/** How many rows are erased besides those that are as many as the lines. */
const rows = (sequence: string) => sequence.split('\x1b[1A\x1b[2K').length - 1;
const wide = 'x'.repeat(70);

describe('drawn lines in a terminal whose size changes', () => {
  it('take a row each while it stays as it is', () => {
    const drawn = new DrawnRows();
    drawn.note([wide, '', wide], { columns: 80, rows: 24 });
    expect(drawn.isOfAnotherSize({ columns: 80, rows: 24 })).toBe(false);
    expect(rows(drawn.eraseRest({ columns: 80, rows: 24 }))).toBe(0);
  });

  it('break where it is narrower, by what is seen of them and not by the codes of their colours', () => {
    const drawn = new DrawnRows();
    drawn.note([`\x1b[31m${wide}\x1b[39m`, '', '学'.repeat(30)], { columns: 80, rows: 24 });
    expect(drawn.isOfAnotherSize({ columns: 30, rows: 24 })).toBe(true);
    expect(rows(drawn.eraseRest({ columns: 30, rows: 24 }))).toBe(3);
  });

  it('move out of a lower one, and are erased when they come back, unless something was written since', () => {
    for (const isWritten of [false, true]) {
      const drawn = new DrawnRows();
      drawn.note(Array(10).fill('line'), { columns: 80, rows: 24 });
      expect(rows(drawn.eraseRest({ columns: 80, rows: 8 }))).toBe(0);
      if (isWritten) drawn.forget();
      drawn.note(Array(5).fill('line'), { columns: 80, rows: 8 });
      expect(rows(drawn.eraseRest({ columns: 80, rows: 24 }))).toBe(isWritten ? 0 : 3);
    }
  });
});
