import type { Tokenizer } from '../../text/tokenizer/tokenizer.ts';

/**
 * A sample as text. A vocabulary may be padded beyond the encoding, and a model may choose such a token: it is shown by its
 * number, because a sample is no reason to end a training.
 */
export function sampleText(tokens: readonly number[], { decode, vocabularySize }: Tokenizer): string {
  let text = '';
  for (let from = 0; from < tokens.length; ) {
    const unknown = tokens.findIndex((token, place) => place >= from && token >= vocabularySize);
    const to = unknown === -1 ? tokens.length : unknown;
    text += decode(tokens.slice(from, to));
    if (unknown !== -1) text += `<${tokens[unknown]}>`;
    from = to + 1;
  }
  return text;
}
