import type { Scalar } from 'yaml';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';

const INTEGER = /^(?:[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+)$/;
/** 32 digits is the shortest digest in use (MD5); nobody writes such a number on purpose. */
const DIGEST = /^[0-9a-fA-F]{32,}$/;

/** Says what is wrong with a scalar that YAML reads as something else than what was written. */
export function scalarProblem(scalar: Scalar): Omit<Diagnostic, 'place'> | undefined {
  const { value } = scalar;
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
