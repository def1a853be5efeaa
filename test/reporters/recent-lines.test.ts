import { describe, expect, it } from 'vitest';
import { RecentLines } from '../../src/reporters/recent-lines.ts';

describe('the last lines of a terminal', () => {
  it('are as many as fit, where long ones take several rows and colours none', () => {
    const lines = new RecentLines();
    lines.add(`first\n${'x'.repeat(25)}`);
    lines.add(`\x1b[31m${'y'.repeat(10)}\x1b[39m`);
    expect(lines.fitting(80, 3)).toHaveLength(3);
    expect(lines.fitting(10, 4)).toEqual(['x'.repeat(25), `\x1b[31m${'y'.repeat(10)}\x1b[39m`]);
    expect(lines.fitting(10, 3)).toHaveLength(1);
    expect(lines.fitting(10, 0)).toEqual([]);
    expect(lines.fitting(10, -5)).toEqual([]);
    expect(new RecentLines().fitting(10, 5)).toEqual([]);
  });
});
