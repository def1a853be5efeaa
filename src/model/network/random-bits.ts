import { createHash } from 'node:crypto';

/** 32 bits that stand for a name. */
export function keyOf(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32LE();
}

/** A bijection of 32-bit integers that mixes well: lowbias32 of https://nullprogram.com/blog/2018/07/31/. */
export function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
