/** A text without the byte order mark that some editors and spreadsheets put before it; JSON and CSV do not allow one. */
export function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}
