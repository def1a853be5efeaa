import { listRuns, readRun } from '../events/run-store.ts';
import { endingsOf } from '../events/stored-run.ts';
import type { Workspace } from '../workspace.ts';

/** A stage and the action that it was. */
export interface StageAction {
  readonly stage: string;
  readonly key: string;
}

/** Which actions the stages of a pipeline were together, as its stored runs tell; each is read once, the newest first. */
export class PastActions {
  readonly #pipeline: string;
  readonly #workspace: Workspace;
  #ids: string[] | undefined;
  /** Of each run that was read the actions of the stages that it brought up to date. */
  readonly #runs: ReadonlyMap<string, string>[] = [];

  constructor(pipeline: string, workspace: Workspace) {
    this.#pipeline = pipeline;
    this.#workspace = workspace;
  }

  /** What a stage was in the last run in which another one was that action; undefined where no run tells. */
  async beside(stage: string, other: StageAction): Promise<string | undefined> {
    for (let index = 0; ; index++) {
      const run = this.#runs[index] ?? (await this.#readNext());
      if (run === undefined) return undefined;
      if (run.get(other.stage) === other.key) return run.get(stage);
    }
  }

  async #readNext(): Promise<ReadonlyMap<string, string> | undefined> {
    const { runsDirectory } = this.#workspace;
    this.#ids ??= await listRuns(runsDirectory);
    const id = this.#ids.shift();
    if (id === undefined) return undefined;
    const run = await readRun(runsDirectory, id);
    const endings = run?.about.pipeline === this.#pipeline ? [...endingsOf(run)] : [];
    const actions = new Map(
      endings.flatMap(([stage, { action, outcome }]) =>
        action !== undefined && (outcome === 'hit' || outcome === 'ran') ? [[stage, action] as const] : [],
      ),
    );
    this.#runs.push(actions);
    return actions;
  }
}
