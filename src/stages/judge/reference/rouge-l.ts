/** Words for ROUGE: runs of letters and digits of any script, in lower case; everything else separates. */
export function words(text: string): string[] {
  return (
    text
      .normalize('NFC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  );
}

/**
 * ROUGE-L of a text against one reference, from 0 to 1: the F1 (precision and recall weigh the same) of the
 * longest common subsequence of their words. Lin, "ROUGE: A Package for Automatic Evaluation of Summaries"
 * (2004), section 3.1, with β = 1. Where either side has no words it is 1 if both texts are equal, else 0.
 */
export function rougeL(text: string, reference: string): number {
  const [a, b] = [words(text), words(reference)];
  if (a.length === 0 || b.length === 0) return text.trim() === reference.trim() ? 1 : 0;
  const common = longestCommonSubsequence(a, b);
  // 2PR/(P+R) with P = common/|a| and R = common/|b|.
  return (2 * common) / (a.length + b.length);
}

/** Length of the longest common subsequence, in time |a|·|b| and space |b|. */
function longestCommonSubsequence(a: readonly string[], b: readonly string[]): number {
  let row = new Uint32Array(b.length + 1);
  for (const word of a) {
    const next = new Uint32Array(b.length + 1);
    for (let j = 1; j <= b.length; j++) {
      next[j] = word === b[j - 1] ? row[j - 1]! + 1 : Math.max(row[j]!, next[j - 1]!);
    }
    row = next;
  }
  return row[b.length]!;
}
