import { type UrlCredential, urlCredentials } from '../resolve/url-credentials.ts';

/** A stretch of a text, in UTF-16 code units. */
export interface Stretch {
  readonly offset: number;
  readonly length: number;
}

/**
 * The stretches of a piece of YAML that hold credentials of URLs. It need not be YAML that can be read: what escapes say
 * is looked at as well, and scalars are recognised by their quotes. For what is to be hidden: a stretch too many is no harm.
 */
export function writtenCredentials(source: string): readonly Stretch[] {
  const { text, offsets } = unescaped(source);
  const decoded = [...urlCredentials(text), ...spacedUsers(text)].map(({ index, secret }) => {
    const offset = offsets[index]!;
    return { offset, length: offsets[index + secret.length]! - offset };
  });
  const plain = urlCredentials(source).map(({ index, secret }) => ({ offset: index, length: secret.length }));
  return [...plain, ...decoded];
}

/** A piece of YAML, or words with such pieces in them, fit to be shown. */
export function concealWritten(source: string): string {
  const shown: string[] = [];
  let end = 0;
  for (const { offset, length } of [...writtenCredentials(source)].sort((a, b) => a.offset - b.offset)) {
    if (offset >= end) shown.push(source.slice(end, offset), '•••');
    end = Math.max(end, offset + length);
  }
  return shown.join('') + source.slice(end);
}

/**
 * A URL with spaces or quotes in its user or password, up to the end of its scalar: the quote that it began with, or of
 * one without quotes the comma of a flow map. Ends before the next URL, so that each character is looked at once.
 */
const SPACED = [
  /(?<=(?<quote>["'`]))(?:https?|ftp|wss?):[\\/]*(?<part>(?:(?!\k<quote>|(?:https?|ftp|wss?):)[^\\/?#\n])*)/gi,
  /(?<=^|[\s,[{])(?:https?|ftp|wss?):[\\/]*(?<part>(?:(?!, |(?:https?|ftp|wss?):)[^\\/?#\n])*)/gi,
];

function spacedUsers(text: string): readonly Pick<UrlCredential, 'index' | 'secret'>[] {
  if (!text.includes('@')) return [];
  return SPACED.flatMap((pattern) =>
    [...text.matchAll(pattern)].flatMap(({ 0: all, index, groups }) => {
      const part = groups!.part!;
      const secret = part.slice(0, Math.max(0, part.lastIndexOf('@')));
      return secret === '' ? [] : [{ index: index + all.length - part.length, secret }];
    }),
  );
}

/** An escape of a double-quoted scalar, a quote in a single-quoted one, and what parsers of URLs leave out. */
const ESCAPE =
  /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(\r?\n[ \t]*|[tnr])|([^\n]))|''|[\t\r]/g;

/** A text without its escapes, and for each of its characters (and its end) the offset of what stands for it. */
function unescaped(source: string): { readonly text: string; readonly offsets: readonly number[] } {
  const parts: string[] = [];
  const offsets: number[] = [];
  const add = (text: string, offsetOf: (index: number) => number) => {
    parts.push(text);
    for (let index = 0; index < text.length; index++) offsets.push(offsetOf(index));
  };
  let end = 0;
  for (const match of source.matchAll(ESCAPE)) {
    const from = end;
    add(source.slice(from, match.index), (index) => from + index);
    add(meaningOf(match), () => match.index);
    end = match.index + match[0].length;
  }
  add(source.slice(end), (index) => end + index);
  return { text: parts.join(''), offsets: [...offsets, source.length] };
}

function meaningOf([all, byte, unit, point, leftOut, other]: RegExpMatchArray): string {
  const digits = byte ?? unit ?? point;
  if (digits !== undefined) {
    const code = Number.parseInt(digits, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : '_';
  }
  if (leftOut !== undefined || all === '\t' || all === '\r') return '';
  // A quote that is escaped ends nothing, so it is as good as a letter; only what has a meaning in URLs is itself.
  return other === '/' || other === '\\' ? other : '_';
}
