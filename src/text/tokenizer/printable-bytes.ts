/*
 * Files write the bytes of a token as printable characters: those that are not printable as the characters from U+0100 on
 * (bytes_to_unicode in GPT-2's encoder.py). Here bytes are a string of one character a byte (Latin-1).
 */

const PRINTABLE = printableCharacters();

const BYTES: ReadonlyMap<string, string> = new Map(
  PRINTABLE.map((character, byte) => [character, String.fromCharCode(byte)]),
);

/** Bytes as files write them. */
export function printable(bytes: string): string {
  return Array.from(bytes, (byte) => PRINTABLE[byte.charCodeAt(0)]!).join('');
}

/** The bytes that a file writes so, or undefined where a character stands for none. */
export function bytesOfPrintable(text: string): string | undefined {
  let bytes = '';
  for (const character of text) {
    const byte = BYTES.get(character);
    if (byte === undefined) return undefined;
    bytes += byte;
  }
  return bytes;
}

function printableCharacters(): readonly string[] {
  let replaced = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    const kept = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(kept ? byte : 0x100 + replaced++);
  });
}
