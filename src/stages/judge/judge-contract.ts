import type { JsonObject } from '../../contract/json.ts';
import type { StageContext } from '../../contract/stage-context.ts';
import type { PreflightContext, Problem } from '../../contract/stage-type.ts';
import type { Response } from '../../text/responses.ts';
import type { JudgeIdentity, Judgement } from '../../text/scores.ts';

type Warn = StageContext<unknown>['warn'];

/**
 * Who scores responses. A kind of judge has its settings in settings.ts, a file that makes a Judge of them, and an entry
 * in judges.ts; the planner loads that file too, so what only judging needs is imported in `begin`.
 */
export interface Judge {
  /** Who judges, for the summary and the page. */
  describe(): JudgeIdentity;
  /** As a stage type's: what would make judging fail. Never throws. */
  preflight?(context: Pick<PreflightContext, 'environment' | 'signal'>): Promise<readonly Problem[]>;
  /** As a stage type's: facts of the outside world that decide the scores. Throws when they cannot be had. */
  observe?(signal: AbortSignal, warn?: Warn): Promise<JsonObject>;
  /** Gets ready, before the first response. Throws StageError for what a user can mend. */
  begin(signal: AbortSignal, warn: Warn): Promise<ReadyJudge>;
}

export interface ReadyJudge {
  /**
   * What finished items hold for besides the action, such as the digest of a model: they are kept, and later attempts
   * with the same one take them over. Absent where judging again costs less than keeping.
   */
  readonly keptFor?: string;
  /** Judges the response with that index; several at a time. A reply that cannot be understood is a null with its reason. */
  judge(response: Response, index: number, signal: AbortSignal): Promise<Judgement>;
}
