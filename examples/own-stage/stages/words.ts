/** The words of a text, without signs. */
export function wordsOf(text: string): string[] {
  return text.match(/\p{L}+/gu) ?? [];
}
