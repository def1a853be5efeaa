import { isObject } from '../../../contract/json.ts';
import { LATER_THAN_UNICODE_16 } from '../gpt2-pieces.ts';
import { shortly, UnsupportedPart } from './unsupported-part.ts';

/** Marks that Unicode 17 added. The library `tokenizers` (0.23) knows Unicode 16. */
const LATER_MARKS =
  '\\u{1ACF}-\\u{1ADD}\\u{1AE0}-\\u{1AEB}\\u{10EFA}-\\u{10EFB}\\u{11B60}-\\u{11B67}\\u{1E6E3}\\u{1E6E6}\\u{1E6EE}-\\u{1E6EF}\\u{1E6F5}';
const LATER = `[${LATER_THAN_UNICODE_16}${LATER_MARKS}]`;

const KNOWN =
  'letters, classes such as [^\\s\\p{L}], (?:…), (?i:…) of single letters, look-around, and repetition are read';
/** Properties whose members are the same in both programs. */
const PROPERTY =
  /^(?:L|Lu|Ll|Lt|Lm|Lo|M|Mn|Mc|Me|N|Nd|Nl|No|P|S|Z|Han|Hangul|Hiragana|Katakana|Latin|Cyrillic|Thai|Arabic|Hebrew)$/;
/** Characters that mean something in a class with the flag `v`, or outside of one. */
const SPECIAL = /[()[\]{}/\-|&!#$%*+,.:;<=>?@^`~\\]/;

/** A pattern of a tokenizer.json, {Regex: …} or {String: …}, for all its matches in a text. Throws UnsupportedPart. */
export function patternOf(pattern: unknown): RegExp {
  if (isObject(pattern) && typeof pattern.String === 'string' && pattern.String !== '')
    return new RegExp(Array.from(pattern.String, (one) => literal(one, false)).join(''), 'gv');
  if (isObject(pattern) && typeof pattern.Regex === 'string' && pattern.Regex !== '') {
    const source = new Reader(pattern.Regex).alternatives(false);
    try {
      return new RegExp(source, 'gv');
    } catch {
      throw new UnsupportedPart(`the pattern ${shortly(pattern.Regex)} cannot be read`, KNOWN);
    }
  }
  throw new UnsupportedPart(`${shortly(pattern)} is no pattern`, '{String: …} and {Regex: …}');
}

/**
 * Writes a regular expression of Oniguruma, which the library `tokenizers` uses, as one of JavaScript. What means something else
 * there, or is not known, is refused.
 */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Up to the end, or the parenthesis that closes a group. `anyCase`: small and capital letters are the same. */
  alternatives(anyCase: boolean, depth = 0): string {
    let written = '';
    while (this.#at < this.#text.length) {
      const here = this.#text[this.#at]!;
      if (here === ')' && depth > 0) return written;
      written += here === '(' ? this.#group(anyCase, depth) : this.#atom(here, anyCase);
    }
    if (depth > 0) throw this.#refusal('a group is not closed');
    return written;
  }

  #group(anyCase: boolean, depth: number): string {
    const [opening = ''] = /^\((?:\?(?:i:|:|=|!|<=|<!))?/.exec(this.#text.slice(this.#at))!;
    if (opening === '(' && this.#text[this.#at + 1] === '?')
      throw this.#refusal(`${this.#text.slice(this.#at, this.#at + 4)} is not known`);
    this.#at += opening.length;
    const inside = this.alternatives(anyCase || opening === '(?i:', depth + 1);
    this.#at += 1;
    return `${opening === '(' || opening === '(?i:' ? '(?:' : opening}${inside})`;
  }

  #atom(here: string, anyCase: boolean): string {
    if (here === '[') return this.#characterClass(anyCase);
    if (here === '\\') return this.#escape(anyCase);
    if (here === '|') return this.#taken(1);
    if (here === '{') {
      const [counts] = /^\{\d+(?:,\d*)?\}/.exec(this.#text.slice(this.#at)) ?? [];
      if (counts === undefined) throw this.#refusal('{ is no number of repetitions');
      return this.#taken(counts.length);
    }
    if ('?*+'.includes(here)) {
      if (this.#text[this.#at + 1] === '+') throw this.#refusal(`${here}+ is not known`);
      return this.#taken(1);
    }
    if ('^$.]}'.includes(here)) throw this.#refusal(`${here} is not known`);
    return this.#letter(anyCase);
  }

  #characterClass(anyCase: boolean): string {
    const start = this.#at;
    let written = this.#text.startsWith('[^', start) ? '[^' : '[';
    this.#at += written.length;
    while (this.#text[this.#at] !== ']') {
      const here = this.#text[this.#at];
      if (here === undefined) throw this.#refusal('a class is not closed');
      if (here === '[') throw this.#refusal('a class within a class is not known');
      if (this.#text.startsWith('&&', this.#at)) throw this.#refusal('&& is not known');
      const next = this.#text[this.#at + 1];
      const isRange = here === '-' && written !== '[' && written !== '[^' && next !== ']';
      if (isRange) written += this.#taken(1);
      else written += here === '\\' ? this.#escape(anyCase) : this.#letter(anyCase);
    }
    if (anyCase) throw this.#refusal('a class within (?i:…) is not known');
    this.#at += 1;
    return `${written}]`;
  }

  #escape(anyCase: boolean): string {
    const [property, kind, name] = /^\\([pP])\{(\w+)\}/.exec(this.#text.slice(this.#at)) ?? [];
    if (property !== undefined) {
      if (!PROPERTY.test(name!)) throw this.#refusal(`${property} is not known`);
      this.#at += property.length;
      const value = name!.length > 2 ? `Script=${name}` : name;
      return kind === 'p' ? `[\\p{${value}}--${LATER}]` : `[\\P{${value}}${LATER}]`;
    }
    const name2 = this.#text[this.#at + 1] ?? '';
    const known = ESCAPES.get(name2);
    if (known !== undefined) {
      this.#at += 2;
      return known;
    }
    if (/[a-zA-Z0-9]/.test(name2) || name2 === '') throw this.#refusal(`\\${name2} is not known`);
    this.#at += 1;
    return this.#letter(anyCase);
  }

  #letter(anyCase: boolean): string {
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at)!);
    this.#at += character.length;
    return literal(character, anyCase);
  }

  #taken(count: number): string {
    this.#at += count;
    return this.#text.slice(this.#at - count, this.#at);
  }

  #refusal(reason: string): UnsupportedPart {
    return new UnsupportedPart(`the pattern ${shortly(this.#text)} cannot be read: ${reason}`, KNOWN);
  }
}

/** JavaScript's \s is not Unicode's White_Space, and Oniguruma's is. */
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['r', '\\r'],
  ['n', '\\n'],
  ['t', '\\t'],
  ['s', '\\p{White_Space}'],
  ['S', '\\P{White_Space}'],
  ['d', `[\\p{Nd}--${LATER}]`],
]);

/** Letters that are the same as a letter of ASCII where case does not count (Unicode's CaseFolding.txt). */
const SAME_LETTER: Readonly<Record<string, string>> = { s: 'ſ', k: '\u212A' };

function literal(character: string, anyCase: boolean): string {
  if (SPECIAL.test(character)) return `\\u{${character.codePointAt(0)!.toString(16)}}`;
  const [small, capital] = [character.toLowerCase(), character.toUpperCase()];
  if (!anyCase || small === capital) return character;
  if (!/[a-z]/.test(small)) throw new UnsupportedPart(`${character} within (?i:…) is not known`, KNOWN);
  return `[${small}${capital}${SAME_LETTER[small] ?? ''}]`;
}
