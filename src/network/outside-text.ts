import { stripVTControlCharacters } from 'node:util';

/** Control characters (C0, DEL, C1), line separators, and what turns the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** An error of a server is longer only where it is a page of HTML. */
const LONGEST = 300;

/**
 * A text from outside (a server, a model, another program) as one line of a message: without sequences that steer a
 * terminal, other unseen characters written as `\u001b`, line breaks as one blank, cut at 300 characters.
 */
export function outsideText(text: string, longest = LONGEST): string {
  // Cut before anything is searched: the text may be of any length.
  const begin = text.slice(0, 4 * longest);
  const line = stripVTControlCharacters(begin)
    .trimEnd()
    .replace(/\s*[\r\n]\s*/g, ' ')
    .replaceAll('\t', '    ')
    .replace(UNSEEN, escaped);
  return line.length > longest || begin.length < text.length ? `${line.slice(0, longest)}…` : line;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
