import { patternOf } from './pattern.ts';
import { type PartValues, shortly, stepsOf, UnsupportedPart } from './unsupported-part.ts';

type Step = (tokens: readonly string[]) => readonly string[];

const KNOWN =
  'ByteLevel alone, and Replace, ByteFallback, Fuse, Strip, Metaspace and a Sequence of these are read';

/** What makes one text of tokens: the `decoder` of a tokenizer.json whose tokens are characters. Throws UnsupportedPart. */
export function decoderOf(part: unknown): (tokens: readonly string[]) => string {
  const steps = stepsOf(part, 'decoders').map(stepOf);
  return (tokens) => steps.reduce((texts, step) => step(texts), tokens).join('');
}

/** Refuses a decoder that is not that of tokens that are bytes. */
export function checkByteDecoder(part: unknown): void {
  const other = stepsOf(part, 'decoders').find(({ type }) => type !== 'ByteLevel');
  if (other !== undefined)
    throw new UnsupportedPart(`its decoder has ${shortly(other.type)}, which is not supported`, KNOWN);
}

function stepOf({ type, pattern, content, start, stop, replacement, prepend_scheme }: PartValues): Step {
  if (type === 'Replace' && typeof content === 'string') {
    const places = patternOf(pattern);
    return (tokens) => tokens.map((token) => token.replace(places, () => content));
  }
  if (type === 'ByteFallback') return joinedBytes;
  if (type === 'Fuse') return (tokens) => [tokens.join('')];
  if (type === 'Strip' && typeof content === 'string')
    return (tokens) => tokens.map((token) => stripped(token, content, Number(start), Number(stop)));
  if (type === 'Metaspace' && typeof replacement === 'string') {
    const first = prepend_scheme === 'never' ? ' ' : '';
    return (tokens) => tokens.map((token, i) => token.replaceAll(replacement, i === 0 ? first : ' '));
  }
  throw new UnsupportedPart(`its decoder has ${shortly(type)}, which is not supported`, KNOWN);
}

const BYTE = /^<0x([0-9A-Fa-f]{2})>$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Tokens of single bytes next to each other are a text together, or each U+FFFD where they are no UTF-8. */
function joinedBytes(tokens: readonly string[]): readonly string[] {
  const joined: string[] = [];
  let bytes: number[] = [];
  const end = () => {
    if (bytes.length > 0) joined.push(textOf(bytes));
    bytes = [];
  };
  for (const token of tokens) {
    const [, byte] = BYTE.exec(token) ?? [];
    if (byte !== undefined) bytes.push(Number.parseInt(byte, 16));
    else {
      end();
      joined.push(token);
    }
  }
  end();
  return joined;
}

function textOf(bytes: readonly number[]): string {
  try {
    return utf8.decode(Uint8Array.from(bytes));
  } catch {
    return '\uFFFD'.repeat(bytes.length);
  }
}

function stripped(token: string, character: string, start: number, stop: number): string {
  let from = 0;
  while (from < start * character.length && token.startsWith(character, from)) from += character.length;
  let to = token.length;
  while (
    token.length - to < stop * character.length &&
    to > from &&
    token.slice(from, to).endsWith(character)
  )
    to -= character.length;
  return token.slice(from, to);
}
