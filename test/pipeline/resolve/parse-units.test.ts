import { describe, expect, it } from 'vitest';
import { parseBytes, parseDuration } from '../../../src/pipeline/resolve/parse-units.ts';

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['90s', 90_000],
    ['1.5m', 90_000],
    ['6h', 21_600_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
  ])('%s is %d ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });
});

describe('parseBytes', () => {
  it.each([
    ['0B', 0],
    ['512MB', 512e6],
    ['8GB', 8e9],
    ['8 GB', 8e9],
    ['1.5GiB', 1.5 * 2 ** 30],
    ['1KiB', 1024],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });
});
