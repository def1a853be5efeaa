import type { Json } from '../../../contract/json.ts';
import type { ScoreStatistics, ScoreSummary } from '../../../text/scores.ts';
import type { Evaluation } from '../../../training/state/history.ts';
import type { JudgeSettings } from '../../judge/settings.ts';
import type { Answer } from './page-data.ts';

/** Everything that a report shows, read and checked. */
export interface ReportData {
  readonly title: string;
  readonly parameters: Json;
  /** Those that answered, at least one. */
  readonly models: readonly ReportModel[];
  readonly items: readonly ReportItem[];
  readonly histories: readonly ReportHistory[];
  /** A picture in SVG that some stage drew; not to be trusted as markup of the page. */
  readonly lossCurve: string | undefined;
  readonly sources: readonly ReportSource[];
  /** Who judged, by its settings. */
  readonly judge?: JudgeSettings['judge'];
}

/** One whose responses were scored: the model, the same before training, a variant of a sweep. */
export interface ReportModel {
  readonly name: string;
  /** Values of the swept parameters. */
  readonly parameters: Readonly<Record<string, Json>>;
  /** Of the scores that the page shows, whatever a summary says. */
  readonly statistics: ScoreStatistics;
  /** Who judged, and how far that can be trusted. */
  readonly summary: ScoreSummary | undefined;
  /** It is what the others are compared with. */
  readonly isBaseline: boolean;
}

/** A question, with the answer of each model in their order; undefined where a model has none. */
export interface ReportItem {
  readonly instruction: string;
  readonly input: string;
  readonly output: string;
  /** Number of these answers among several to the same question. */
  readonly sample?: number;
  /** Name of the item, which samples of a question have in common, because they count once: the place of the first of them. */
  readonly of: string;
  readonly answers: readonly (Answer | undefined)[];
}

/** The evaluations of one training. */
export interface ReportHistory {
  readonly name: string;
  readonly evaluations: readonly Evaluation[];
}

/** An input of the report. */
export interface ReportSource {
  readonly name: string;
  /** sha256 of its bytes. */
  readonly digest: string;
}
