import { writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { StageSpec } from '../../../contract/attempt/spec.ts';
import type { KubernetesProfile } from '../../../contract/executor/kubernetes-profile.ts';
import type { JsonObject } from '../../../contract/json.ts';
import { StageError } from '../../../contract/stage-context.ts';
import type { Stage } from '../../../pipeline/pipeline.ts';
import type { StageProblem } from '../../plan/stage-problem.ts';
import { readResult } from '../attempt-result.ts';
import type { AttemptHandle, RemoteExecutor, Surroundings } from '../executor.ts';
import { preventStart } from '../job-script.ts';
import { writeSubmission } from '../submission.ts';
import { Cluster, ClusterError } from './cluster.ts';
import { jobOf, newJobName, selectorOf } from './job-of.ts';
import { stateOf } from './job-state.ts';
import { KubernetesAttempt } from './kubernetes-attempt.ts';
import { type Observation, Observer } from './observer.ts';
import { problemsIn } from './preflight.ts';
import { startScript, startScriptFile } from './start-script.ts';

/** So long a new attempt waits for the end of the one before it. */
const LONGEST_END_MS = 60_000;
const REMOVE_AGAIN_MS = 3000;

/** Opens the cluster of a profile, which is asked nothing yet. Throws a StageError where there is none. */
export async function openKubernetes(profile: KubernetesProfile): Promise<RemoteExecutor> {
  return new KubernetesExecutor(profile, await Cluster.find(profile));
}

/** Runs each attempt as a Job of a cluster that sees the artifacts folder on a volume. */
class KubernetesExecutor implements RemoteExecutor {
  readonly #profile: KubernetesProfile;
  readonly #cluster: Cluster;
  readonly #observers = new Map<string, Observer>();
  readonly #removals = new Set<Promise<void>>();
  #closing = new AbortController();

  constructor(profile: KubernetesProfile, cluster: Cluster) {
    this.#profile = profile;
    this.#cluster = cluster;
  }

  async preflight(stages: readonly Stage[]): Promise<readonly StageProblem[]> {
    return await problemsIn(this.#cluster, this.#profile, stages);
  }

  start(spec: StageSpec, surroundings: Surroundings): AttemptHandle {
    const { attemptDirectory } = spec;
    const { log, about } = surroundings;
    const name = newJobName(about.stage.id);
    return this.#attempt(name, attemptDirectory, log, async () => {
      this.#requireOnVolume(attemptDirectory);
      await writeFile(startScriptFile(attemptDirectory), startScript(attemptDirectory, log));
      const { server, namespace } = this.#cluster;
      const reference = { job: name, server, namespace };
      await writeSubmission(attemptDirectory, { executor: this.#profile, reference, log });
      return jobOf(this.#profile, name, spec, surroundings);
    });
  }

  async adopt(
    { attemptDirectory }: StageSpec,
    reference: JsonObject,
    { log }: Surroundings,
  ): Promise<AttemptHandle | undefined> {
    const name = this.#nameOf(attemptDirectory, reference);
    if (name === undefined) return undefined;
    const result = await readResult(attemptDirectory);
    if (result !== undefined && result.status !== 'done') return undefined;
    const observation = await this.#observer(attemptDirectory).next(name);
    if (observation?.known && result === undefined) {
      const { is } = stateOf(this.#profile.image, observation.job, observation.pods);
      if (is === 'failed' || is === 'displaced') return undefined;
      // The runner has died before the cluster had it: it is not waited for, and never begins.
      if (is === 'absent' && preventStart(attemptDirectory)) return undefined;
    }
    return this.#attempt(name, attemptDirectory, log);
  }

  async endRemains(attemptDirectory: string, reference: JsonObject): Promise<void> {
    const name = this.#nameOf(attemptDirectory, reference);
    if (name === undefined || preventStart(attemptDirectory)) {
      if (name !== undefined) this.#remove(name);
      return;
    }
    const observer = this.#observer(attemptDirectory);
    for (const until = performance.now() + LONGEST_END_MS; ; ) {
      const observation = await observer.next(name);
      if (observation?.known && !mayRun(observation)) break;
      const problem = await this.#endProblem(name, observation);
      if (performance.now() > until) throw this.#stillRuns(name, problem);
    }
    this.#remove(name);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#removals);
    this.#closing = new AbortController();
  }

  #attempt(
    name: string,
    attemptDirectory: string,
    log: string,
    prepare?: () => Promise<ReturnType<typeof jobOf>>,
  ): KubernetesAttempt {
    return new KubernetesAttempt({
      cluster: this.#cluster,
      observer: this.#observer(attemptDirectory),
      name,
      image: this.#profile.image,
      attemptDirectory,
      log,
      remove: () => this.#remove(name),
      ...(prepare && { prepare }),
    });
  }

  #observer(attemptDirectory: string): Observer {
    const selector = selectorOf(attemptDirectory);
    let observer = this.#observers.get(selector);
    if (!observer) {
      observer = new Observer(this.#cluster, selector);
      this.#observers.set(selector, observer);
    }
    return observer;
  }

  /** Until it is done, or the run ends: then once more, and the cluster does it after a while. */
  #remove(name: string): void {
    const removal = this.#tryToRemove(name);
    this.#removals.add(removal);
    void removal.then(() => this.#removals.delete(removal));
  }

  async #tryToRemove(name: string): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      const isLast = signal.aborted;
      const isDone = await this.#cluster.deleteJob(name).then(
        () => true,
        (error: unknown) => !(error instanceof ClusterError && error.kind === 'unreachable'),
      );
      if (isDone || isLast) return;
      await delay(REMOVE_AGAIN_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** Under which name an attempt was handed in. Throws a StageError if that was to another cluster than this one. */
  #nameOf(attemptDirectory: string, reference: JsonObject): string | undefined {
    if (typeof reference.job !== 'string') return undefined;
    const { server, namespace } = this.#cluster;
    if (reference.server !== server || reference.namespace !== namespace) {
      throw new StageError(
        `an attempt at this stage was handed in to the namespace ${reference.namespace} of ${reference.server}; this run uses ${namespace} of ${server}`,
        {
          hint: `Choose that cluster as it was then (\`context\` and \`namespace\` of the executor, or KUBECONFIG). If it is gone for good, remove ${attemptDirectory}`,
        },
      );
    }
    return reference.job;
  }

  #requireOnVolume(attemptDirectory: string): void {
    const { path } = this.#profile.volume;
    if (!relative(path, attemptDirectory).startsWith('..')) return;
    throw new StageError(
      `the artifacts folder is not on the volume that the pods see: ${attemptDirectory} is not below ${path}`,
      {
        hint: `Mount the volume here under ${path} too, and put the artifacts there: --artifacts ${path}/artifacts`,
      },
    );
  }

  /** Ends what is seen, and gives the reason why it may run all the same. */
  async #endProblem(name: string, observation: Observation | undefined): Promise<string> {
    try {
      if (observation?.known) await this.#cluster.end(name, observation.pods);
      return observation?.known === false ? observation.message : 'its node does not say that it has ended';
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      return error.message;
    }
  }

  #stillRuns(name: string, problem: string): StageError {
    return new StageError(
      `an earlier attempt at this stage may still run as ${name}, and cannot be ended: ${problem}`,
      { hint: `End it by hand, then run again: kubectl delete job ${name} -n ${this.#cluster.namespace}` },
    );
  }
}

/** Whether a pod may run, or come to. */
function mayRun({ job, pods }: Extract<Observation, { known: true }>): boolean {
  const isOver = (phase: string | undefined) => phase === 'Succeeded' || phase === 'Failed';
  return pods.length === 0 ? job !== undefined : !pods.every(({ status }) => isOver(status?.phase));
}
