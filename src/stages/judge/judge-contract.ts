import type { JsonObject } from '../../contract/json.ts';
import type { StageContext } from '../../contract/stage-context.ts';
import type { ObserveContext, PreflightContext, Problem } from '../../contract/stage-type.ts';
import type { Response } from '../../text/responses.ts';
import type { JudgeIdentity, Judgement } from '../../text/scores.ts';

/** What a judge may use while it judges. */
export type JudgeContext = Pick<
  StageContext<unknown>,
  | 'inputs'
  | 'scratchDirectory'
  | 'environment'
  | 'secret'
  | 'signal'
  | 'log'
  | 'warn'
  | 'memo'
  | 'secretFilter'
>;

/**
 * Who scores responses. A new kind of judge needs a schema in settings.ts, a folder with what makes a Judge of such
 * settings, and an entry in judges.ts. The planner loads it too, so what only judging needs is imported in `begin`.
 */
export interface Judge {
  /** Who judges, for the summary and the page. */
  describe(): JudgeIdentity;
  /** Like `preflight` of a stage type: what would make judging fail. Never throws. */
  preflight?(context: PreflightContext): Promise<readonly Problem[]>;
  /** Like `observe` of a stage type: facts of the outside world that decide the scores. Throws when it cannot get them. */
  observe?(context: ObserveContext): Promise<JsonObject>;
  /** Gets ready, before the first response. Throws StageError for what a user can fix. */
  begin(context: JudgeContext): Promise<ReadyJudge>;
}

/** A judgement with the tokens of all its questions and replies, which count for the budget and are not stored. */
export type SpentJudgement = Judgement & { readonly spent_tokens?: number };

/** A judge that can be asked. What costs much to ask goes through `context.memo`, so that nothing is asked twice. */
export interface ReadyJudge {
  /**
   * Judges the response with that index; several calls may run at a time. A reply that cannot be understood gives a null
   * with its reason. Throws StageError for what a user can fix, and the signal's reason.
   */
  judge(response: Response, index: number, signal: AbortSignal): Promise<SpentJudgement>;
  /** Called once when nothing more is asked, also after a failure. */
  close?(): Promise<void>;
}
