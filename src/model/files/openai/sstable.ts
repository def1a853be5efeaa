import { maskedCrc32c } from './crc32c.ts';
import { ByteReader, MalformedError } from './wire-format.ts';

const FOOTER_BYTES = 48;
/** Names of variables are a fifth of this; entries of 3 bytes could repeat a long key without end. */
const MAX_KEY_BYTES = 256;
const MAGIC = 0xdb4775248b80fb57n;

/**
 * The entries of a sorted string table, LevelDB's file of keys and values
 * (https://github.com/google/leveldb/blob/main/doc/table_format.md), in order. Every block's checksum is
 * compared. Throws MalformedError.
 */
export function* sstableEntries(table: Uint8Array): Generator<readonly [key: string, value: Uint8Array]> {
  if (table.length < FOOTER_BYTES) throw new MalformedError(`${table.length} bytes are too few for an index`);
  const footer = table.subarray(table.length - FOOTER_BYTES);
  const magic = new DataView(footer.buffer, footer.byteOffset).getBigUint64(FOOTER_BYTES - 8, true);
  if (magic !== MAGIC) throw new MalformedError('is not an SSTable (wrong magic number at the end)');
  const handles = new ByteReader(footer);
  blockHandle(handles); // the index of filters, which TensorFlow leaves empty
  const index = block(table, blockHandle(handles));
  let end = 0;
  for (const [, handle] of blockEntries(index)) {
    const next = blockHandle(new ByteReader(handle));
    // Blocks named again and again would make a small file an endless one.
    if (next.offset < end) throw new MalformedError(`has its blocks out of order at byte ${next.offset}`);
    end = next.offset + next.size;
    yield* blockEntries(block(table, next));
  }
}

interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

function blockHandle(reader: ByteReader): BlockHandle {
  return { offset: reader.varint(), size: reader.varint() };
}

/** The contents of a block, whose trailer is one byte of compression type and four of checksum. */
function block(table: Uint8Array, { offset, size }: BlockHandle): Uint8Array {
  const end = offset + size;
  if (end + 5 > table.length) throw new MalformedError(`is cut short: a block ends at byte ${end + 5}`);
  const trailer = new ByteReader(table.subarray(end, end + 5));
  const compression = trailer.take(1)[0]!;
  if (trailer.uint32() !== maskedCrc32c(table.subarray(offset, end + 1))) {
    throw new MalformedError(`is damaged: the checksum of the block at byte ${offset} differs`);
  }
  if (compression !== 0) throw new MalformedError(`has a block of the unknown compression ${compression}`);
  return table.subarray(offset, end);
}

/** Keys share a prefix with the key before; the places where they do not (restarts) are listed at the end. */
function* blockEntries(contents: Uint8Array): Generator<readonly [key: string, value: Uint8Array]> {
  if (contents.length < 4) throw new MalformedError('has an empty block');
  const restarts = new ByteReader(contents.subarray(contents.length - 4)).uint32();
  const end = contents.length - 4 - 4 * restarts;
  if (end < 0) throw new MalformedError('has a block with more restarts than bytes');
  const reader = new ByteReader(contents.subarray(0, end));
  let key = Buffer.alloc(0);
  while (!reader.done) {
    const shared = reader.varint();
    const added = reader.varint();
    const length = reader.varint();
    if (shared > key.length) throw new MalformedError('has a key with a longer prefix than the key before');
    if (shared + added > MAX_KEY_BYTES) throw new MalformedError(`has a key of ${shared + added} bytes`);
    key = Buffer.concat([key.subarray(0, shared), reader.take(added)]);
    yield [key.toString('utf8'), reader.take(length)];
  }
}
