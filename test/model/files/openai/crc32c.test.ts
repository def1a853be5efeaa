import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c, maskedCrc32c } from '../../../../src/model/files/openai/crc32c.ts';

describe('crc32c', () => {
  it('gives the checksums of RFC 3720, appendix B.4', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  });

  it('goes on where the bytes before ended', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 60 }), (first, second) => {
        expect(crc32c(second, crc32c(first))).toBe(crc32c(Buffer.concat([first, second])));
      }),
    );
  });

  it('is masked as LevelDB stores it', () => {
    // leveldb's util/crc32c.h: Mask(crc) rotates right by 15 and adds 0xa282ead8.
    const crc = BigInt(crc32c(new Uint8Array([1, 2, 3])));
    const rotated = ((crc >> 15n) | (crc << 17n)) & 0xffffffffn;
    expect(BigInt(maskedCrc32c(new Uint8Array([1, 2, 3])))).toBe((rotated + 0xa282ead8n) & 0xffffffffn);
  });
});
