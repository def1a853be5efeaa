import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyWithDigest, digestOfBytes, digestOfFile, isDigest } from '../../src/files/digest.ts';
import { openFiles } from '../cache/open-files.ts';
import { temporaryDirectory } from '../cache/temporary-directory.ts';

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

/** Bytes of which no two pieces of 1 MiB are equal, so that none can stand for another. */
function bytesOf(size: number): Buffer {
  return Buffer.alloc(size, 'seven!!');
}

/** Around the 4 KiB and the 1 MiB in which files are read. */
const sizes = [0, 1, 4095, 4096, 4097, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 * (1 << 20) + 5];

describe('digestOfFile', () => {
  it.each(sizes)('agrees with the digest of the bytes for a file of %i bytes', async (size) => {
    const file = join(await temporaryDirectory(), 'file');
    const bytes = bytesOf(size);
    await writeFile(file, bytes);
    expect(await digestOfFile(file)).toEqual({ digest: digestOfBytes(bytes), bytes: size });
  });

  it('throws for a missing file', async () => {
    await expect(digestOfFile(join(await temporaryDirectory(), 'none'))).rejects.toThrow('ENOENT');
  });

  it('leaves no file open', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'file'), 'bytes');
    await digestOfFile(join(directory, 'file'));
    await expect(digestOfFile(directory)).rejects.toThrow('EISDIR');
    expect(openFiles(directory)).toEqual([]);
  });
});

describe('copyWithDigest', () => {
  it.each(sizes)(
    'copies a file of %i bytes over another one and gives the digest of the copy',
    async (size) => {
      const directory = await temporaryDirectory();
      const [source, copy] = [join(directory, 'source'), join(directory, 'copy')];
      const bytes = bytesOf(size);
      await writeFile(source, bytes);
      await writeFile(copy, Buffer.alloc(size + 1, 'other'));
      expect(await copyWithDigest(source, copy)).toEqual({ digest: digestOfBytes(bytes), bytes: size });
      expect(Buffer.compare(await readFile(copy), bytes)).toBe(0);
      expect(Buffer.compare(await readFile(source), bytes)).toBe(0);
      expect(openFiles(directory)).toEqual([]);
    },
  );

  it('throws for a missing file, and leaves none open', async () => {
    const directory = await temporaryDirectory();
    await expect(copyWithDigest(join(directory, 'none'), join(directory, 'copy'))).rejects.toThrow('ENOENT');
    expect(openFiles(directory)).toEqual([]);
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
