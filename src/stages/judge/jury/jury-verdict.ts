import type { JudgeIdentity, Judgement } from '../../../text/scores.ts';

/** What one judge made of the responses, in their order. */
export interface Judged {
  readonly judge: JudgeIdentity;
  readonly judgements: readonly Judgement[];
}

/**
 * What a jury of that name made of the responses: of each the mean of the scores that its judges gave, with what each of
 * them said. Null if none gave one.
 */
export function juryVerdict(label: string, jury: readonly Judged[]): Judged {
  const language_model = jury.some(({ judge }) => judge.language_model);
  return {
    judge: { kind: 'jury', label, language_model },
    judgements: jury[0]!.judgements.map(({ index }) => verdictOn(index, jury)),
  };
}

function verdictOn(index: number, jury: readonly Judged[]): Judgement {
  const judges = jury.map(({ judge, judgements }) => {
    const { index: _, ...said } = judgements[index]!;
    return { judge: judge.label, ...said };
  });
  const scores = judges.flatMap(({ score }) => (score === null ? [] : [score]));
  if (scores.length > 0) {
    return { index, score: scores.reduce((sum, score) => sum + score, 0) / scores.length, judges };
  }
  const { judge, reason } = judges[0]!;
  return { index, score: null, reason: `no judge gave a score; ${judge}: ${reason}`, judges };
}
