import { digestOfBytes } from '../../files/digest.ts';
import type { Value } from '../yaml/value.ts';
import type { SweptValues } from './swept-values.ts';

/** 52 bits fill the digits of a double and are 13 hexadecimal digits of a digest. */
const HEX_DIGITS = 13;

/**
 * Draws a value for each swept parameter: from a list each with the same probability, from a range evenly on its scale.
 * The numbers are digests of seed, parameter and draw: the same on every machine, and a parameter more or less leaves the
 * draws of the others as they are.
 */
export function draw(
  swept: ReadonlyMap<string, SweptValues>,
  seed: number,
  index: number,
): ReadonlyMap<string, Value> {
  return new Map(
    [...swept].map(([name, values]) => {
      const share = fraction(JSON.stringify([seed, index, name]));
      const value =
        values.kind === 'range' ? values.at(share) : values.values[Math.floor(share * values.values.length)]!;
      return [name, value];
    }),
  );
}

/** A number from 0 to below 1 that looks as if it were random. */
function fraction(text: string): number {
  return Number.parseInt(digestOfBytes(text).slice(0, HEX_DIGITS), 16) / 16 ** HEX_DIGITS;
}
