import { parse, tokenize } from '@huggingface/jinja';
import { messageOf } from '../../contract/message-of.ts';

/** A node of a parsed template; which other properties it has depends on its type. */
export interface Node {
  readonly type: string;
  readonly [property: string]: unknown;
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** The nodes that a property of a node holds: one, a list of them, or the keys and values of an object literal. */
export function nodesIn(value: unknown): readonly Node[] {
  if (value instanceof Map) return [...value].flat().filter(isNode);
  return (Array.isArray(value) ? value : [value]).filter(isNode);
}

/** A word of a template with its place in the text; undefined where that is not known. */
export interface PlacedName {
  readonly name: string;
  readonly offset: number | undefined;
}

interface Token {
  readonly type: string;
  value: string;
}

/** As `Template` of the library reads a text. */
const OPTIONS = { lstrip_blocks: true, trim_blocks: true };
/** Words that the parser itself looks for. */
const KEYWORDS = /^(?:(?:end)?(?:set|if|for|macro|call|filter)|elif|else|in|break|continue|and|or|not|is)$/;
/** Stands between a name and its place; no name holds it. */
const AT = '\0';

/**
 * Parses a template so that `nameOf` knows where its names are: the library's nodes have no places, so names carry them.
 * Throws what the library throws for a text that is no template.
 */
export function parsePlaced(text: string): Node {
  const tokens: Token[] = tokenize(text, OPTIONS);
  const offsets = offsetsOf(text, tokens);
  for (const [i, token] of tokens.entries()) {
    if (token.type === 'Identifier' && !KEYWORDS.test(token.value)) token.value += `${AT}${offsets[i]}`;
  }
  return { ...parse(tokens) };
}

/** The name of an identifier that `parsePlaced` gives. */
export function nameOf(identifier: Node): PlacedName {
  const [name = '', offset] = String(identifier.value).split(AT);
  return { name, offset: offset === undefined || offset === 'undefined' ? undefined : Number(offset) };
}

/**
 * What the library says is wrong with a text, as if names had no places. At the end of a text its parser only stumbles, and
 * of a limit of JavaScript it says nothing of the template.
 */
export function parserMessage(error: unknown): string {
  if (error instanceof TypeError) return 'it ends before its last block does';
  if (error instanceof RangeError)
    return error.message.includes('stack') ? 'it is nested too deep' : 'a text that it asks for is too long';
  return messageOf(error).replaceAll(/\0(?:\d+|undefined)/g, '');
}

/** Where each token begins; undefined for what cannot be found again, such as texts, which the library trims. */
function offsetsOf(text: string, tokens: readonly Token[]): (number | undefined)[] {
  let at = 0;
  return tokens.map(({ type, value }) => {
    if (type === 'Text') return undefined;
    if (type === 'Comment') {
      at = text.indexOf('#}', text.indexOf('{#', at)) + 2;
      return undefined;
    }
    if (type === 'StringLiteral') {
      at = endOfString(text, at);
      return undefined;
    }
    const found = text.indexOf(value, at);
    if (found < 0) return undefined;
    at = found + value.length;
    return found;
  });
}

/** The end of the first string literal from a place on, whose quotes may be escaped inside. */
function endOfString(text: string, from: number): number {
  const literal = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"/gs;
  literal.lastIndex = from;
  return literal.test(text) ? literal.lastIndex : from;
}
