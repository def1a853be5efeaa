import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { attemptFiles } from '../../../contract/attempt/attempt-files.ts';
import type { StageSpec } from '../../../contract/attempt/spec.ts';
import type { SlurmProfile } from '../../../contract/executor/slurm-profile.ts';
import type { JsonObject } from '../../../contract/json.ts';
import { StageError } from '../../../contract/stage-context.ts';
import type { Stage } from '../../../pipeline/pipeline.ts';
import type { StageProblem } from '../../plan/stage-problem.ts';
import { Absence } from '../absence.ts';
import { readResult } from '../attempt-result.ts';
import type { AttemptHandle, RemoteExecutor, Surroundings } from '../executor.ts';
import { type JobProgram, preventStart } from '../job-script.ts';
import { Cancellations } from './cancellations.ts';
import { jobEnvironment } from './job-environment.ts';
import { JobRecords } from './job-facts.ts';
import { phaseOf } from './job-state.ts';
import { Queue } from './queue.ts';
import { sbatchOptions } from './sbatch-options.ts';
import { SlurmAttempt } from './slurm-attempt.ts';
import type { SlurmLink } from './slurm-link.ts';
import { slurmProblems } from './slurm-problems.ts';
import { Submitter } from './submitter.ts';
import { type Task, taskOf } from './task.ts';

/** For so long a controller may be away before the next attempt of an action is given up. */
const SILENCE_MS = 60_000;
const LOOK_AGAIN_MS = 1000;

/** Runs stages as jobs of Slurm, which sees the folder of the artifacts under the same path. */
export class SlurmExecutor implements RemoteExecutor {
  readonly #link: SlurmLink;
  readonly #submitter: Submitter;
  readonly #attempts = new Set<SlurmAttempt>();

  constructor(profile: SlurmProfile, hostFile: string) {
    const program: JobProgram = { node: process.execPath, host: hostFile, setup: profile.setup };
    const queue = new Queue((silence) => this.#tellSilence(silence));
    const cancellations = new Cancellations();
    this.#link = { profile, program, queue, records: new JobRecords(), cancellations };
    this.#submitter = new Submitter(profile, program, queue);
  }

  start(spec: StageSpec, surroundings: Surroundings): AttemptHandle {
    const { log, about } = surroundings;
    const options = sbatchOptions(about.stage, this.#link.profile);
    const environment = jobEnvironment(surroundings, process.env);
    return this.#attempt(spec, surroundings, (attempt) =>
      this.#submitter.submit({
        directory: spec.attemptDirectory,
        log,
        options,
        environment,
        about: { run: about.run, stage: about.stage.name },
        isWithdrawn: () => attempt.isWithdrawn,
        onDelay: (message) => attempt.tell(message),
      }),
    );
  }

  async adopt(
    spec: StageSpec,
    reference: JsonObject,
    surroundings: Surroundings,
  ): Promise<AttemptHandle | undefined> {
    const directory = spec.attemptDirectory;
    const task = taskOf(reference);
    if (task === undefined) return undefined;
    const files = attemptFiles(directory);
    const followed = () => this.#attempt(spec, surroundings, async () => task);
    const result = await readResult(directory);
    if (result !== undefined) return result.status === 'done' ? followed() : undefined;
    if (existsSync(files.cancel)) return undefined; // it is about to stop
    if (await this.#isOver(task, directory))
      return (await readResult(directory))?.status === 'done' ? followed() : undefined;
    return followed();
  }

  async endRemains(attemptDirectory: string, reference: JsonObject): Promise<void> {
    const task = taskOf(reference);
    if (task === undefined) return;
    const neverBegins = preventStart(attemptDirectory);
    const hasResult = (await readResult(attemptDirectory)) !== undefined;
    const { queue, cancellations } = this.#link;
    const absence = new Absence();
    const giveUp = Date.now() + SILENCE_MS;
    for (;;) {
      const seen = await queue.ask(task, 'soon');
      if (seen === 'silent') {
        if (neverBegins) return; // it may wait for ever
        if (Date.now() > giveUp) throw unknown(task);
      } else if (seen === 'absent') {
        if (neverBegins || hasResult || absence.isForGood()) return;
      } else {
        if (phaseOf(seen.state) === 'ended') return;
        await cancellations.cancel(seen.job);
        if (neverBegins) return;
      }
      await delay(LOOK_AGAIN_MS);
    }
  }

  async preflight(stages: readonly Stage[]): Promise<readonly StageProblem[]> {
    return await slurmProblems(this.#link.profile, stages);
  }

  async close(): Promise<void> {
    await this.#link.cancellations.settled();
    this.#link.queue.close();
  }

  #attempt(
    { attemptDirectory }: StageSpec,
    { log, about: { stage } }: Surroundings,
    task: (attempt: SlurmAttempt) => Promise<Task>,
  ): AttemptHandle {
    const attempt = new SlurmAttempt(this.#link, { attemptDirectory, log, stage }, task);
    this.#attempts.add(attempt);
    const forget = () => void this.#attempts.delete(attempt);
    attempt.done.then(forget, forget);
    return attempt;
  }

  /** Whether a job came to an end, or will never begin. Where nobody answers it is taken to go on. */
  async #isOver(task: Task, directory: string): Promise<boolean> {
    const absence = new Absence();
    for (;;) {
      const hadBegun = existsSync(attemptFiles(directory).started);
      const seen = await this.#link.queue.ask(task, 'soon');
      if (seen === 'silent') return false;
      if (seen !== 'absent') {
        const phase = phaseOf(seen.state);
        return phase === 'ended' || (phase === 'waits' && hadBegun);
      }
      if (!hadBegun && preventStart(directory)) return true;
      if (absence.isForGood()) return true;
      await delay(LOOK_AGAIN_MS);
    }
  }

  /** One of all attempts says it: people need to read it once. */
  #tellSilence(silence: string | undefined): void {
    const [first] = this.#attempts;
    first?.tell(
      silence === undefined
        ? 'Slurm answers again'
        : `Slurm does not answer (${silence}); what runs there goes on`,
    );
  }
}

function unknown({ name }: Task): StageError {
  return new StageError(
    `Slurm does not answer, so it is unknown whether an earlier attempt (${name}) still runs`,
    {
      hint: 'Run the same command again when `squeue` answers.',
    },
  );
}
