import type { Judgement } from '../../../text/scores.ts';
import type { ScorePart } from '../data/page-data.ts';

type Member = NonNullable<Judgement['judges']>[number];
type Parts = Pick<Member, 'criteria' | 'orders'> & Pick<Judgement, 'judges'>;

/** What the score of a response is the mean of, with the names of all that it is part of: "Llama, shown first, accuracy". */
export function scoreParts({ criteria = [], orders, judges = [] }: Parts, within = ''): ScorePart[] {
  const inside = (name: string) => (within === '' ? name : `${within}, ${name}`);
  return [
    ...judges.flatMap(({ judge, ...said }) => [
      partOf(inside(judge), said),
      ...scoreParts(said, inside(judge)),
    ]),
    ...(orders ?? []).flatMap((said, place) => {
      const name = inside(place === 0 ? 'shown first' : 'shown second');
      return [partOf(name, said), ...scoreParts(said, name)];
    }),
    ...criteria.map(({ name, ...said }) => partOf(inside(name), said)),
  ];
}

function partOf(name: string, { score, reason, reply }: Omit<ScorePart, 'name'>): ScorePart {
  return { name, score, ...(reason !== undefined && { reason }), ...(reply !== undefined && { reply }) };
}
