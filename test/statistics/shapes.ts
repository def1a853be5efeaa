import type { MeanOptions } from '../../src/statistics/mean/mean.ts';

/** Scores of the same items under two settings, drawn from a world in which the truth is known. */
export interface Experiment {
  readonly first: readonly (number | null)[];
  readonly second: readonly (number | null)[];
  readonly groups?: readonly string[];
}

export interface Shape {
  readonly name: string;
  readonly scale?: MeanOptions['scale'];
  /** The true mean of the first. */
  readonly mean: number;
  /** The true mean of first minus second. */
  readonly difference: number;
  /** Why its intervals may cover more than 96 %. */
  readonly conservative?: string;
  draw(uniform: () => number): Experiment;
}

const SCORES = { low: 0, high: 100 };

/** Two settings that are equally good: half of the items score the same under both, as replies of alike models often do. */
function alike(items: number, score: (u: number) => number) {
  return (uniform: () => number): Experiment => {
    const luck = Array.from({ length: items }, uniform);
    return {
      first: luck.map(score),
      second: luck.map((own) => score(uniform() < 0.5 ? own : uniform())),
    };
  };
}

/** Groups whose items share a part of their score and of its difference. */
function grouped(sizes: (uniform: () => number) => number[]) {
  return (uniform: () => number): Experiment => {
    const around = (width: number) => width * (2 * uniform() - 1);
    const units = sizes(uniform).map((size, name) => {
      const shared = 60 + around(20);
      const change = around(10);
      return Array.from({ length: size }, () => {
        const first = shared + around(10);
        return { name: String(name), first, second: first + change + around(10) };
      });
    });
    const items = units.flat();
    return {
      first: items.map(({ first }) => first),
      second: items.map(({ second }) => second),
      groups: items.map(({ name }) => name),
    };
  };
}

const marks = (u: number) => (u < 0.1 ? 50 : u < 0.3 ? 70 : u < 0.7 ? 80 : u < 0.9 ? 90 : 100);

export const SHAPES: readonly Shape[] = [
  { name: '110 items, marks of ten (ties)', scale: SCORES, mean: 79, difference: 0, draw: alike(110, marks) },
  {
    name: '110 items, zeros and hundreds, 70 % right',
    scale: SCORES,
    mean: 70,
    difference: 0,
    draw: alike(110, (u) => (u < 0.7 ? 100 : 0)),
  },
  {
    name: '110 items, 30 % zeros, 40 % hundreds, the rest between',
    scale: SCORES,
    mean: 55,
    difference: 0,
    draw: alike(110, (u) => (u < 0.3 ? 0 : u < 0.7 ? 100 : ((u - 0.7) / 0.3) * 100)),
  },
  {
    name: '110 items, skewed: most are bad',
    scale: SCORES,
    mean: 25,
    difference: 0,
    draw: alike(110, (u) => 100 * u * u * u),
  },
  {
    name: '30 items, skewed: most are good',
    scale: SCORES,
    mean: 250 / 3,
    difference: 0,
    conservative: 'not many items: the wider of two intervals',
    draw: alike(30, (u) => 100 * (1 - u ** 5)),
  },
  {
    name: '110 items, one in ten loses 27 points, the others gain 3',
    scale: SCORES,
    mean: 79,
    difference: 0,
    conservative: 'of its difference: few large losses',
    draw: (uniform) => {
      const first = Array.from({ length: 110 }, () => marks(uniform()));
      return { first, second: first.map((score) => score - (uniform() < 0.1 ? 27 : -3)) };
    },
  },
  {
    name: '110 items, a true difference of 3 points',
    scale: SCORES,
    mean: 53,
    difference: 3,
    draw: (uniform) => {
      const second = Array.from({ length: 110 }, () => 20 + 60 * uniform());
      return { first: second.map((score) => score + 3 + 20 * (uniform() - 0.5)), second };
    },
  },
  {
    name: '110 items, 15 % unscored on each side',
    scale: SCORES,
    mean: 79,
    difference: 0,
    draw: (uniform) => {
      const { first, second } = alike(110, marks)(uniform);
      const judged = (score: number | null) => (uniform() < 0.15 ? null : score);
      return { first: first.map(judged), second: second.map(judged) };
    },
  },
  {
    name: '30 groups of 1 to 7 items',
    scale: SCORES,
    mean: 60,
    difference: 0,
    draw: grouped((uniform) => Array.from({ length: 30 }, () => 1 + Math.floor(7 * uniform()))),
  },
  {
    name: '110 items, losses: no upper end, skewed',
    mean: 1,
    difference: 0,
    draw: alike(110, (u) => -Math.log(1 - u)),
  },
  {
    name: '8 groups of 10 items',
    scale: SCORES,
    mean: 60,
    difference: 0,
    draw: grouped(() => Array(8).fill(10)),
  },
  {
    name: '8 items, marks of ten',
    scale: SCORES,
    mean: 79,
    difference: 0,
    conservative: 'few items: a bound that assumes nothing',
    draw: alike(8, marks),
  },
  {
    name: '74 items, two in a hundred are right',
    scale: SCORES,
    mean: 2,
    difference: 0,
    conservative: 'often all scores are equal',
    draw: alike(74, (u) => (u < 0.02 ? 100 : 0)),
  },
  {
    name: '74 items, all zero',
    scale: SCORES,
    mean: 0,
    difference: 0,
    conservative: 'all scores are equal',
    draw: alike(74, () => 0),
  },
];
