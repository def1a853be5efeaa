/** CRC-32C (Castagnoli), reflected. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * A record of TensorFlow's files: length (8 bytes), masked checksum of the length, content, masked checksum of the content,
 * all little-endian (tensorflow/core/lib/io/record_writer.cc).
 */
export function tfRecord(content: Uint8Array): Buffer {
  const record = Buffer.alloc(8 + 4 + content.length + 4);
  record.writeBigUInt64LE(BigInt(content.length), 0);
  record.writeUInt32LE(masked(crc32c(record.subarray(0, 8))), 8);
  record.set(content, 12);
  record.writeUInt32LE(masked(crc32c(content)), 12 + content.length);
  return record;
}

/** A checksum of bytes that hold checksums is weak, so those that are stored are changed. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
