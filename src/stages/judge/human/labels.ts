import { StageError } from '../../../contract/stage-context.ts';
import type { Response } from '../../../text/responses.ts';
import { type Judgement, readScores } from '../../../text/scores.ts';

/** What a file of labels must be, for errors. */
export const LABELS_HINT =
  'Give the input `labels`: a JSON array of {index, score, model_response}, where index counts the responses from 0.';

/**
 * The scores that people gave to some responses. A label that names its `model_response` counts only for that very
 * response, so one file of labels does no harm when a model answers differently.
 */
export class Labels {
  readonly #byIndex = new Map<number, Judgement>();

  /** Throws StageError for a file that is none, and for two labels of one item. */
  static async read(path: string): Promise<Labels> {
    const labels = new Labels();
    for (const label of await readScores(path, 'labels')) {
      if (labels.#byIndex.has(label.index))
        throw new StageError(`The input labels has two labels for item ${label.index}.`, {
          hint: LABELS_HINT,
        });
      labels.#byIndex.set(label.index, label);
    }
    return labels;
  }

  /** The label of a response, without a score where there is none for it. */
  of({ model_response }: Response, index: number): Judgement {
    const given = this.#byIndex.get(index);
    if (!given) return { index, score: null, reason: 'nobody has labelled it' };
    const { score, reason, rationale } = given;
    const labelled = Object(given).model_response;
    if (typeof labelled === 'string' && labelled !== model_response)
      return { index, score: null, reason: 'its label is for another response' };
    return {
      index,
      score,
      ...(score === null && { reason: reason ?? 'its label has no score' }),
      ...(rationale !== undefined && { rationale }),
    };
  }
}
