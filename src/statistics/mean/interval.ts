/** The lower and the upper end, in the unit of the values. */
export type Interval = readonly [low: number, high: number];

/** The least and the greatest value that an item can have. */
export interface Scale {
  readonly low: number;
  readonly high: number;
}

/** The probability that is left out at each end: all intervals are of 95 %. */
export const TAIL = 0.025;
