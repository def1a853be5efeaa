/**
 * The form of tar (ustar) that bundles have: plain files alone, nothing that depends on time or user. So equal content
 * gives equal bytes, any tar lists and unpacks them, and a reader need not trust a header: it knows every byte of it.
 * https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_06
 */
export const BLOCK_BYTES = 512;

/** What ends an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK_BYTES);

const LONGEST_NAME = 100;
/** Eleven octal digits. */
const LARGEST_FILE = 8 ** 11 - 1;
const NAME = { at: 0, length: LONGEST_NAME };
const SIZE = { at: 124, length: 12 };
const CHECKSUM = { at: 148, length: 8 };

export interface TarEntry {
  readonly name: string;
  /** Bytes of the file, which follow the header. */
  readonly bytes: number;
}

/** The header of a file. Throws a RangeError for a name or a size that has no room in it. */
export function tarHeader({ name, bytes }: TarEntry): Buffer {
  if (Buffer.byteLength(name) > LONGEST_NAME)
    throw new RangeError(`the name ${name} is too long for a bundle`);
  if (bytes > LARGEST_FILE) throw new RangeError(`${name} is too large for a bundle (${bytes} bytes)`);
  const header = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  header.write(name, NAME.at);
  header.write(`${octal(0o644, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100); // mode, user, group
  header.write(`${octal(bytes, 11)}\0${octal(0, 11)}\0`, SIZE.at); // and the time
  header.fill(' ', CHECKSUM.at, CHECKSUM.at + CHECKSUM.length);
  header.write('0', 156); // a plain file
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, CHECKSUM.at);
  return header;
}

/**
 * Reads a header; undefined for an empty block, which ends an archive. Throws an Error for all that `tarHeader` does not
 * write: links, folders, devices, long names, damage.
 */
export function parseTarHeader(header: Buffer): TarEntry | undefined {
  if (header.every((byte) => byte === 0)) return undefined;
  const text = ({ at, length }: typeof NAME) =>
    header.toString('utf8', at, at + length).replace(/\0.*$/s, '');
  const [name, size] = [text(NAME), text(SIZE)];
  const entry = { name, bytes: /^[0-7]{11}$/.test(size) ? Number.parseInt(size, 8) : 0 };
  if (!header.equals(tarHeader(entry))) throw new Error('it was not written by pipe, or is damaged');
  return entry;
}

/** Bytes of zeros after a file, which fill its last block. */
export function paddingOf(bytes: number): number {
  return (BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES;
}
