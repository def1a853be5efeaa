/**
 * Letters and digits that Unicode 17 added. tiktoken (0.14) knows Unicode 16, current versions of Node know 17, and a text
 * must have the same tokens everywhere.
 */
export const LATER_THAN_UNICODE_16 = [
  '\\u{88F}\\u{C5C}\\u{CDC}\\u{A7CE}-\\u{A7CF}\\u{A7D2}\\u{A7D4}\\u{A7F1}\\u{10940}-\\u{10959}\\u{10EC5}-\\u{10EC7}',
  '\\u{11DB0}-\\u{11DDB}\\u{11DE0}-\\u{11DE9}\\u{16EA0}-\\u{16EB8}\\u{16EBB}-\\u{16ED3}\\u{16FF2}-\\u{16FF6}',
  '\\u{187F8}-\\u{187FF}\\u{18D09}-\\u{18D1E}\\u{18D80}-\\u{18DF2}\\u{1E6C0}-\\u{1E6DE}\\u{1E6E0}-\\u{1E6E2}',
  '\\u{1E6E4}-\\u{1E6E5}\\u{1E6E7}-\\u{1E6ED}\\u{1E6F0}-\\u{1E6F4}\\u{1E6FE}-\\u{1E6FF}\\u{2B73A}-\\u{2B73F}',
  '\\u{2CEA2}-\\u{2CEAD}\\u{323B0}-\\u{33479}',
].join('');

// JavaScript's \s is not Unicode's White_Space: it has U+FEFF, the byte order mark, and lacks U+0085, "next line".
const SPACE = '\\p{White_Space}';
const LETTER = `[\\p{L}--[${LATER_THAN_UNICODE_16}]]`;
const NUMBER = `[\\p{N}--[${LATER_THAN_UNICODE_16}]]`;
const OTHER = `[^${SPACE}${LETTER}${NUMBER}]`;

const PIECE = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?${LETTER}+| ?${NUMBER}+| ?${OTHER}+|${SPACE}+(?!\\P{White_Space})|${SPACE}+`,
  'gv',
);

/**
 * Cuts a text into the pieces within which GPT-2 joins byte pairs: words, numbers, punctuation, each with the space
 * before it, and white space. The pattern is that of OpenAI's encoder.py (https://github.com/openai/gpt-2), read as the
 * regular expressions of tiktoken read it. An unpaired surrogate counts as punctuation.
 */
export function gpt2Pieces(text: string): readonly string[] {
  return text.match(PIECE) ?? [];
}
