import { readFileSync } from 'node:fs';
import type { Judgement } from '../../../src/text/scores.ts';

/** A `scores` file without the digests of the questions, which have a test of their own. */
export function scoresOf(path: string | undefined): readonly Judgement[] {
  const scores = JSON.parse(readFileSync(path!, 'utf8')) as Judgement[];
  return scores.map(({ question: _, ...score }) => score);
}
