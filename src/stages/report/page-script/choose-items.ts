import type { PageItem } from '../data/page-data.ts';

/** Which items the reader wants to see, and in which order. */
export interface Choice {
  /** In any case; all items contain the empty text. */
  readonly search: string;
  readonly order: string;
  readonly from: number;
  readonly to: number;
  readonly which: string;
  /** Places of the models that are shown; the first decides order and scores. */
  readonly shown: readonly number[];
}

/** Indices of the items that are chosen, in the chosen order. `texts`: all words of each item, in lower case. */
export function chooseItems(items: readonly PageItem[], texts: readonly string[], choice: Choice): number[] {
  const { from, to, which, shown } = choice;
  const words = choice.search.toLowerCase();
  const scoreOf = (index: number) => items[index]!.answers[shown[0]!]?.score ?? null;
  const fits = (index: number): boolean => {
    const score = scoreOf(index);
    if (score === null ? which === 'scored' : which === 'unscored' || score < from || score > to)
      return false;
    // A range that leaves something out asks for scores.
    if (score === null && which === 'all' && (from > 0 || to < 100)) return false;
    return words === '' || texts[index]!.includes(words);
  };
  const chosen = [...items.keys()].filter(fits);
  const key = sortKey(items, choice, scoreOf);
  if (key === undefined) return chosen;
  const keys = new Map(chosen.map((index) => [index, key(index)]));
  // Sorting keeps the order of the data among equals.
  return chosen.sort((a, b) => keys.get(a)! - keys.get(b)!);
}

function sortKey(
  items: readonly PageItem[],
  { order, shown }: Choice,
  scoreOf: (index: number) => number | null,
): ((index: number) => number) | undefined {
  const length = (index: number) => items[index]!.answers[shown[0]!]?.response?.length ?? 0;
  switch (order) {
    case 'worst':
      // What has no score is neither good nor bad.
      return (index) => scoreOf(index) ?? 101;
    case 'best':
      return (index) => -(scoreOf(index) ?? -1);
    case 'long':
      return (index) => -length(index);
    case 'short':
      return length;
    case 'apart':
      return (index) => -distance(shown.flatMap((place) => items[index]!.answers[place]?.score ?? []));
    default:
      return undefined;
  }
}

function distance(scores: readonly number[]): number {
  return scores.length < 2 ? -1 : Math.max(...scores) - Math.min(...scores);
}

/** All words of an item, in lower case. */
export function searchText({ instruction, input, output, answers }: PageItem): string {
  const said = answers.map(
    (answer) => `${answer?.response ?? ''}\n${answer?.reply ?? ''}\n${answer?.rationale ?? ''}`,
  );
  return [instruction, input, output, ...said].join('\n').toLowerCase();
}
