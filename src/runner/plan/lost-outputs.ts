import type { ActionRecord } from '../../cache/records/action-record.ts';
import { restoreInline } from '../../cache/records/inline-outputs.ts';
import type { Reason } from '../events/run-event.ts';
import type { Workspace } from '../workspace.ts';
import type { Action, ActionInput } from './decide.ts';

/** An output of a finished stage whose bytes the store has no longer. */
export interface LostOutput {
  readonly stage: string;
  readonly output: string;
}

/** Every input of an action, those of collections included. */
function allInputs({ inputs, collections }: Action): ActionInput[] {
  return [...Object.values(inputs), ...Object.values(collections).flatMap((inputs) => Object.values(inputs))];
}

/**
 * Which outputs that an action reads are missing, as far as can be told without reading them. Small ones are put
 * back from the records of their stages.
 */
export async function findLostOutputs(
  action: Action,
  workspace: Workspace,
  recordOf: (stage: string) => ActionRecord,
): Promise<LostOutput[]> {
  const lost: LostOutput[] = [];
  for (const { artifact, from } of allInputs(action)) {
    if (!('stage' in from) || (await workspace.objects.contains(artifact))) continue;
    await restoreInline(recordOf(from.stage), workspace.objects);
    if (!(await workspace.objects.contains(artifact))) lost.push(from);
  }
  return lost;
}

export function lostReason({ output }: LostOutput, reader: string): Reason {
  return { code: 'output-lost', message: `its output ${output} is lost, and ${reader} reads it` };
}
