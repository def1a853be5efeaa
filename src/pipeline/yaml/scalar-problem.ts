import type { Scalar } from 'yaml';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';

const INTEGER = /^(?:[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+)$/;
/** 32 digits is the shortest digest in use (MD5); nobody writes such a number on purpose. */
const DIGEST = /^[0-9a-fA-F]{32,}$/;

/**
 * Says what is wrong with a scalar that YAML reads as something else than what was written; `written` is its text in the
 * file. The parser takes a quote of the text itself for its end where the next line is not indented.
 */
export function scalarProblem(scalar: Scalar, written: string): Omit<Diagnostic, 'place'> | undefined {
  const { value, type } = scalar;
  const quote = type === 'QUOTE_DOUBLE' ? '\\' : type === 'QUOTE_SINGLE' ? "'" : undefined;
  // Before the last quote, and after the first, a text holds its own quotes in pairs with what escapes them.
  if (quote !== undefined && repeatedBefore(written, written.length - 1, quote) % 2 > 0) {
    return {
      code: 'open-quote',
      message: 'this text has no closing quote: the last one is a part of it',
      hint:
        type === 'QUOTE_DOUBLE'
          ? 'a backslash before a quote makes it text'
          : 'two quotes are one in the text',
    };
  }
  if (typeof value === 'number') return numberProblem(value, scalar.source ?? String(value));
  if (typeof value === 'string' && /\p{Surrogate}/u.test(value)) {
    return {
      code: 'lone-surrogate',
      message: 'the text holds half of a UTF-16 pair, which no file could store',
      hint: 'write the whole character, or both of its \\u escapes',
    };
  }
  return undefined;
}

/** How often a sign stands just before a place, down to the second character. */
function repeatedBefore(text: string, place: number, sign: string): number {
  let first = place;
  while (first > 1 && text[first - 1] === sign) first--;
  return place - first;
}

function numberProblem(value: number, source: string): Omit<Diagnostic, 'place'> | undefined {
  if (DIGEST.test(source)) {
    return {
      code: 'unquoted-digest',
      message: 'without quotes YAML reads this digest as a number and loses most of it',
      hint: 'put it in quotes',
    };
  }
  if (!Number.isFinite(value)) {
    return {
      code: 'non-finite-number',
      message: `${source} is not a finite number`,
      hint: 'leave the setting out if it should have no limit; quotes make it text',
    };
  }
  if (INTEGER.test(source) && !Number.isSafeInteger(value)) {
    return {
      code: 'big-integer',
      message: `${source} is beyond 2^53 and would be read as ${BigInt(value)}`,
      hint: 'take a smaller number; quotes make it text',
    };
  }
  return undefined;
}
