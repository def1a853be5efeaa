import { type ActionRecord, newestRecord } from '../../cache/records/action-record.ts';
import { latestKey } from '../../cache/records/latest.ts';
import type { Workspace } from '../workspace.ts';
import type { Plan } from './plan.ts';
import type { PlannedStage } from './planned-stage.ts';

/** What a stage that runs will take, as far as it is known. */
export interface ExpectedWork {
  /** Milliseconds that it took before. */
  readonly duration_ms?: number;
  /** Bytes of its outputs, as they were before. */
  readonly output_bytes?: number;
  /** Bytes that it downloads at most; absent where it downloads nothing, null where the size is not known. */
  readonly download_bytes?: number | null;
}

/**
 * What the stages that run or may run will take, by their ids: what they took when they ran last, whatever has changed since.
 * A stage that is new is expected to take what the one took that it was compared with.
 */
export async function expectedWork(
  { stages }: Pick<Plan, 'stages'>,
  pipeline: string,
  workspace: Workspace,
): Promise<ReadonlyMap<string, ExpectedWork>> {
  const recordOf = async (stage: string): Promise<ActionRecord | undefined> => {
    const key = await latestKey(workspace.cacheDirectory, { pipeline, stage });
    return key && newestRecord(await workspace.records.find(key));
  };
  const expected = new Map<string, ExpectedWork>();
  for (const planned of stages) {
    if (planned.state === 'hit') continue;
    const { stage, reason, record = await recordOf(stage.id) } = planned;
    const like = reason.compared_with;
    const earlier = record ?? (like === undefined ? undefined : await recordOf(like));
    expected.set(stage.id, workOf(planned, earlier));
  }
  return expected;
}

function workOf({ stage }: PlannedStage, earlier: ActionRecord | undefined): ExpectedWork {
  const { started, finished } = earlier?.provenance ?? {};
  const took = Date.parse(String(finished)) - Date.parse(String(started));
  const output_bytes = earlier && Object.values(earlier.outputs).reduce((sum, { bytes }) => sum + bytes, 0);
  const download = stage.type.downloadBytes?.(stage.settings, Object.keys(stage.inputs));
  const download_bytes = download === 'unknown' ? (output_bytes ?? null) : download;
  return {
    ...(took >= 0 && { duration_ms: took }),
    ...(output_bytes !== undefined && { output_bytes }),
    ...(download_bytes !== undefined && download_bytes !== 0 && { download_bytes }),
  };
}
