import { describe, expect, it } from 'vitest';
import { bytes, duration, number } from '../../src/terminal/units.ts';

describe('units', () => {
  it.each([
    [0, '0.0 s'],
    [1_340, '1.3 s'],
    [9_949, '9.9 s'],
    [9_951, '10 s'],
    [59_499, '59 s'],
    [59_600, '1 min 00 s'],
    [185_000, '3 min 05 s'],
    [3_599_400, '59 min 59 s'],
    [3_599_600, '1 h 00 min'],
    [5_305_800, '1 h 28 min'],
  ])('%d ms is %s', (milliseconds, text) => {
    expect(duration(milliseconds)).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [30_100, '30.1 KB'],
    [999_700, '1 MB'],
    [1_419_000_000, '1.42 GB'],
    [2e15, '2000 TB'],
  ])('%d bytes are %s', (count, text) => {
    expect(bytes(count)).toBe(text);
  });

  it.each([
    [110, '110'],
    [0.29421, '0.2942'],
    [0.00005, '5e-5'],
    [46.8333, '46.83'],
    [812.51, '812.5'],
    [12_345.6, '12346'],
  ])('%d reads %s', (value, text) => {
    expect(number(value)).toBe(text);
  });
});
