import { open } from 'node:fs/promises';
import { StageError } from '../../contract/stage-context.ts';
import type { DataSource } from './data-source.ts';
import { encodingHint } from './encoding.ts';

/** Bytes at the beginning of a file that say what it is. */
const HEAD = 4096;

const UTF_32_HINT = 'Convert the file: iconv -f UTF-32 -t UTF-8 FILE > CONVERTED';

/** What is often given for data and is none: its first bytes, what it is, and what to do. */
const BINARIES: readonly (readonly [begin: string, what: string, hint: string])[] = [
  ['fffe0000', 'text in UTF-32, not in UTF-8', UTF_32_HINT],
  ['0000feff', 'text in UTF-32, not in UTF-8', UTF_32_HINT],
  ['504b0304', 'a ZIP archive or an Excel workbook', 'Unpack it, or save the sheet as CSV.'],
  ['d0cf11e0', 'an old Excel workbook', 'Save the sheet as CSV.'],
  ['1f8b', 'packed with gzip', 'Unpack it: gunzip FILE'],
  ['28b52ffd', 'packed with Zstandard', 'Unpack it: zstd -d FILE'],
  ['425a68', 'packed with bzip2', 'Unpack it: bunzip2 FILE'],
  ['fd377a585a', 'packed with xz', 'Unpack it: unxz FILE'],
  ['377abcaf', 'a 7-Zip archive', 'Unpack it.'],
  ['4152524f5731', 'an Arrow file', 'Write Parquet: dataset.to_parquet(FILE)'],
  [
    'ffffffff',
    'an Arrow file, as the `datasets` library keeps it',
    'Write Parquet: dataset.to_parquet(FILE)',
  ],
  ['46454131', 'a Feather file', 'Write Parquet: df.to_parquet(FILE)'],
  ['53514c69746520666f726d6174203300', 'an SQLite database', 'Write the table as CSV.'],
  ['255044462d', 'a PDF document', 'Give the data itself.'],
  ['89504e47', 'a picture', 'Give the data itself.'],
  ['ffd8ff', 'a picture', 'Give the data itself.'],
  ['8004', 'a pickle of Python', 'Write JSON Lines or Parquet instead.'],
  ['8005', 'a pickle of Python', 'Write JSON Lines or Parquet instead.'],
];

/** The same of files that are text. */
const TEXTS: readonly (readonly [begin: RegExp, what: string, hint: string])[] = [
  [
    /^version https:\/\/git-lfs\.github\.com/,
    'a pointer of Git LFS, not the file itself',
    'Get the file: git lfs pull',
  ],
  [
    /^(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b/is,
    'a web page',
    'Download the data itself: the address may be that of a page about it, or ask for a login.',
  ],
  [/^<\?xml\b/, 'XML', 'Give JSON, JSON Lines, CSV or Parquet.'],
];

/**
 * Whether a file is Parquet or text, by its first bytes. Throws StageError that names what it is where it is neither, or
 * text in UTF-16 that nobody has announced.
 */
export async function fileKind(source: DataSource): Promise<'parquet' | 'text'> {
  const head = await beginningOf(source.path);
  if (head.subarray(0, 4).toString('latin1') === 'PAR1') return 'parquet';
  const hex = head.toString('hex');
  const text = head.toString().replace(/^\uFEFF?\s*/, '');
  const [, what, hint] =
    BINARIES.find(([begin]) => hex.startsWith(begin)) ?? TEXTS.find(([begin]) => begin.test(text)) ?? [];
  if (what !== undefined) throw new StageError(`${source.name} is ${what}.`, { hint: hint! });
  if (/^utf-?16/i.test(source.encoding ?? '')) return 'text';
  const utf16 = utf16Of(head);
  if (utf16) {
    const hint = encodingHint(source, utf16);
    throw new StageError(`${source.name} is text in UTF-16 from its first byte on, not in UTF-8.`, { hint });
  }
  const zero = head.indexOf(0);
  if (zero >= 0) {
    throw new StageError(`${source.name} is not text: byte ${zero} of the file is zero.`, {
      hint: 'Give JSON, JSON Lines, CSV or Parquet.',
    });
  }
  return 'text';
}

async function beginningOf(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(HEAD), position: 0 });
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** By its mark, else by the zeros that every other byte of text in a European language is. */
function utf16Of(head: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const mark = head.subarray(0, 2).toString('hex');
  if (mark === 'fffe') return 'utf-16le';
  if (mark === 'feff') return 'utf-16be';
  const zeros = [0, 0];
  for (const [place, byte] of head.entries()) if (byte === 0) zeros[place % 2]! += 1;
  const [even, odd] = zeros as [number, number];
  if (even + odd < head.length / 4) return undefined;
  return odd > 4 * even ? 'utf-16le' : even > 4 * odd ? 'utf-16be' : undefined;
}
