import type { Json } from '../../../contract/json.ts';
import { type InputArtifact, type StageContext, StageError } from '../../../contract/stage-context.ts';
import { valuesInLabel } from '../../../contract/variant-label.ts';
import { type Response, readResponses } from '../../../text/responses.ts';
import { type Judgement, readScoreSummary, readScores, type ScoreSummary } from '../../../text/scores.ts';

/** What is known of one model: scores and responses of the same items, or its summary alone. */
export interface Answers {
  readonly name: string;
  readonly parameters: Readonly<Record<string, Json>>;
  readonly isBaseline: boolean;
  readonly responses: readonly Response[] | undefined;
  readonly scores: readonly Judgement[] | undefined;
  readonly summary: ScoreSummary | undefined;
}

type Inputs = Pick<StageContext<unknown>, 'inputs' | 'collections'>;

/** The model or the variants of a sweep, then the model before training. Throws StageError for files that do not fit. */
export async function readModels({ inputs, collections }: Inputs): Promise<Answers[]> {
  const baseline = await readBaseline(inputs);
  const labels = collections.scores && [...collections.scores.keys()];
  if (labels === undefined && collections.responses !== undefined) {
    throw new StageError('The input responses collects variants, but the input scores does not.', {
      hint: 'Collect both: responses: { each: generate.responses }, scores: { each: judge.scores }.',
    });
  }
  const input = (name: string, label: string) => collections[name]?.get(label) ?? inputs[name];
  const models: Answers[] = [];
  for (const label of labels ?? ['']) {
    const responses = input('responses', label);
    if (responses === undefined) throw new StageError(`The variant ${label} has scores, but no responses.`);
    const name = label || (baseline === undefined ? 'response' : 'after training');
    const summary = input('summary', label);
    models.push(
      await readAnswers(
        { name, parameters: parametersOf(label), isBaseline: false },
        { responses, scores: input('scores', label), summary },
        ['responses', 'scores', 'summary'],
      ),
    );
  }
  if (baseline === undefined) return models;
  if (labels === undefined) sameItems(models[0]!, baseline);
  return [...models, baseline];
}

async function readBaseline({
  baseline_responses: responses,
  baseline_scores: scores,
  baseline_summary: summary,
}: Inputs['inputs']): Promise<Answers | undefined> {
  if (responses === undefined && scores === undefined && summary === undefined) return undefined;
  return await readAnswers(
    { name: 'before training', parameters: {}, isBaseline: true },
    { responses, scores, summary },
    ['baseline_responses', 'baseline_scores', 'baseline_summary'],
  );
}

async function readAnswers(
  about: Pick<Answers, 'name' | 'parameters' | 'isBaseline'>,
  files: Readonly<Record<'responses' | 'scores' | 'summary', InputArtifact | undefined>>,
  names: readonly [responses: string, scores: string, summary: string],
): Promise<Answers> {
  const responses = files.responses && (await readResponses(files.responses.path));
  const scores = files.scores && (await readScores(files.scores.path, names[1]));
  const summary = files.summary && (await readScoreSummary(files.summary.path, names[2]));
  if (responses) sameLength(names[1], scores, responses.length);
  inOrder(names[1], scores ?? []);
  return { ...about, responses, scores, summary };
}

/** The model before training answered the same questions, in the same order. */
function sameItems({ responses }: Answers, baseline: Answers): void {
  sameLength('baseline_scores', baseline.scores, responses!.length);
  sameLength('baseline_responses', baseline.responses, responses!.length);
}

/** Values of a label: `learning_rate=0.00001,epochs=2`. */
function parametersOf(label: string): Record<string, Json> {
  if (label === '') return {};
  return Object.fromEntries(
    [...valuesInLabel(label)].map(([name, value]) => {
      const isNumber = value !== '' && Number.isFinite(Number(value));
      return [name, isNumber ? Number(value) : value];
    }),
  );
}

function sameLength(name: string, values: readonly unknown[] | undefined, responses: number): void {
  if (values === undefined || values.length === responses) return;
  throw new StageError(`Input ${name} has ${values.length} items, but there are ${responses} responses.`, {
    hint: 'Give scores and responses of the same items.',
  });
}

/** Scores belong to responses by their place; an index that says otherwise is a mistake of whoever wrote the file. */
function inOrder(name: string, scores: readonly Judgement[]): void {
  const at = scores.findIndex(({ index }, place) => index !== place);
  if (at < 0) return;
  throw new StageError(
    `Item ${at} of the input ${name} has the index ${scores[at]!.index}, but its place is ${at}.`,
    { hint: 'Give one score for each response, in their order: the indices are 0, 1, 2 and so on.' },
  );
}
