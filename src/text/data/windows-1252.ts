/** The characters of the bytes 0x80 to 0x9F; the others are those of Latin-1. Five bytes have none and stay controls. */
const CHARACTERS = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/**
 * Text of bytes in Windows-1252, which every byte is valid in. Not TextDecoder: in Node 20 it gives the characters of
 * Latin-1, so that the euro sign and curly quotes become control characters.
 */
export function fromWindows1252(bytes: Uint8Array): string {
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return latin1.replace(/[\x80-\x9f]/g, (control) => CHARACTERS[control.charCodeAt(0) - 0x80]!);
}
