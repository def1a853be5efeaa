/**
 * The 50,256 tokens that GPT-2's byte pairs make, in the order of their ids; `<|endoftext|>` comes after them. Each is
 * its bytes as a string of one character a byte (Latin-1), so that it can be cut and be the key of a map.
 *
 * js-tiktoken packs them in lines of `! <first id> <token in base64> <token> …`.
 */
export async function gpt2Tokens(): Promise<readonly string[]> {
  const { default: ranks } = await import('js-tiktoken/ranks/gpt2');
  const tokens: string[] = [];
  for (const line of ranks.bpe_ranks.split('\n').filter(Boolean)) {
    const [, first, ...encoded] = line.split(' ');
    for (const [i, token] of encoded.entries())
      tokens[Number(first) + i] = Buffer.from(token, 'base64').toString('latin1');
  }
  return tokens;
}
