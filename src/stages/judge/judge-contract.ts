import type { JsonObject } from '../../contract/json.ts';
import type { StageContext } from '../../contract/stage-context.ts';
import type { PreflightContext, Problem } from '../../contract/stage-type.ts';
import type { Response } from '../../text/responses.ts';
import type { JudgeIdentity, Judgement } from '../../text/scores.ts';

type Warn = StageContext<unknown>['warn'];

/**
 * Who scores responses. A new kind of judge needs a schema in settings.ts, a file that makes a Judge of such settings,
 * and an entry in judges.ts. The planner loads the file too, so what only judging needs is imported in `begin`.
 */
export interface Judge {
  /** Who judges, for the summary and the page. */
  describe(): JudgeIdentity;
  /** Like `preflight` of a stage type: what would make judging fail. Never throws. */
  preflight?(context: Pick<PreflightContext, 'environment' | 'signal'>): Promise<readonly Problem[]>;
  /** Like `observe` of a stage type: facts of the outside world that decide the scores. Throws when it cannot get them. */
  observe?(signal: AbortSignal, warn?: Warn): Promise<JsonObject>;
  /** Gets ready, before the first response. Throws StageError for what a user can fix. */
  begin(signal: AbortSignal, warn: Warn): Promise<ReadyJudge>;
}

/** A judge that can be asked. */
export interface ReadyJudge {
  /**
   * What judgements depend on besides the action, such as the digest of a model. They are kept on disk one by one, and
   * later attempts with the same value take them over. Absent if judging again costs less than keeping.
   */
  readonly keptFor?: string;
  /**
   * Judges the response with that index; several calls may run at a time. A reply that cannot be understood gives a null
   * with its reason. Throws StageError for what a user can fix, and the signal's reason.
   */
  judge(response: Response, index: number, signal: AbortSignal): Promise<Judgement>;
}
