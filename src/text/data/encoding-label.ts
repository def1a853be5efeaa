/** The encoding that a label of the WHATWG's Encoding Standard stands for (`latin1` for windows-1252); undefined for none. */
export function encodingOf(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}
