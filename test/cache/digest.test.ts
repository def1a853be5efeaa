import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOfBytes, digestOfFile, isDigest } from '../../src/cache/digest.ts';
import { temporaryDirectory } from './temporary-directory.ts';

describe('digestOfBytes', () => {
  // FIPS 180-2, appendix B.
  it('is SHA-256', () => {
    expect(digestOfBytes('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(digestOfBytes('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it('takes a string as UTF-8', () => {
    expect(digestOfBytes('é€😀')).toBe(digestOfBytes(new TextEncoder().encode('é€😀')));
  });
});

describe('digestOfFile', () => {
  it.each([0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 * (1 << 20) + 5])(
    'agrees with the digest of the bytes for a file of %i bytes',
    async (size) => {
      const file = join(await temporaryDirectory(), 'file');
      const bytes = Buffer.alloc(size, 'pipe');
      await writeFile(file, bytes);
      expect(await digestOfFile(file)).toEqual({ digest: digestOfBytes(bytes), bytes: size });
    },
  );

  it('throws for a missing file', async () => {
    await expect(digestOfFile(join(await temporaryDirectory(), 'none'))).rejects.toThrow('ENOENT');
  });
});

describe('isDigest', () => {
  const digest = digestOfBytes('');
  it.each([
    [digest, true],
    [digest.toUpperCase(), false],
    [digest.slice(1), false],
    [`${digest}\n`, false],
    [`../${digest.slice(3)}`, false],
    [`../${digest}`, false],
    [[digest], false],
    [42, false],
    [undefined, false],
  ])('of %j is %j', (value, expected) => {
    expect(isDigest(value)).toBe(expected);
  });
});
