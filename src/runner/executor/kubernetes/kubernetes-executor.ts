import { setTimeout as delay } from 'node:timers/promises';
import type { Exchange } from '../../../cache/remote/exchange.ts';
import type { StageSpec } from '../../../contract/attempt/spec.ts';
import type { KubernetesProfile } from '../../../contract/executor/kubernetes-profile.ts';
import type { JsonObject } from '../../../contract/json.ts';
import { StageError } from '../../../contract/stage-context.ts';
import type { Stage } from '../../../pipeline/pipeline.ts';
import type { StageProblem } from '../../plan/stage-problem.ts';
import type { AttemptHandle, RemoteExecutor, RunCache, Surroundings } from '../executor.ts';
import { preventStart } from '../job-script.ts';
import { writeSubmission } from '../submission.ts';
import { preventJob } from '../through-store/job-place.ts';
import { Cluster, ClusterError } from './cluster.ts';
import { type HandedIn, handedIn } from './handed-in.ts';
import { jobOf, newJobName, selectorOf } from './job-of.ts';
import { stateOf } from './job-state.ts';
import { KubernetesAttempt } from './kubernetes-attempt.ts';
import type { Meeting } from './meeting.ts';
import type { NewJob } from './objects.ts';
import { mayRunBecause, type Observation, Observer } from './observer.ts';
import { problemsIn } from './preflight.ts';
import { SharedFolder } from './shared-folder.ts';
import { StoreMeeting } from './store-meeting.ts';
import { Turns } from './turns.ts';

/** So long a new attempt waits for the end of the one before it. */
const LONGEST_END_MS = 60_000;
const REMOVE_AGAIN_MS = 3000;
/** Of the questions for the output of pods: more of them only wait in the API server. */
const LOGS_AT_ONCE = 8;

/** An attempt by its Job's name, and how its runner meets its pod. */
interface FoundMeeting {
  readonly name: string;
  readonly spec: StageSpec;
  readonly open: (tell: (message: string) => void) => Meeting;
}

/** Opens the cluster of a profile, which is asked nothing yet. Throws a StageError where there is none. */
export async function openKubernetes(profile: KubernetesProfile, cache: RunCache): Promise<RemoteExecutor> {
  if ((profile.volume === undefined) === (profile.remote === undefined)) {
    throw new StageError('an executor of the kind kubernetes has either `volume` or `remote`', {
      hint: 'docs/guides/run-on-kubernetes.md says what each of them needs.',
    });
  }
  return new KubernetesExecutor(profile, await Cluster.find(profile), cache);
}

/** Runs each attempt as a Job of a cluster, which sees the artifacts folder on a volume or shares a store with this run. */
class KubernetesExecutor implements RemoteExecutor {
  readonly throughStore: boolean;
  readonly #profile: KubernetesProfile;
  readonly #cluster: Cluster;
  readonly #cache: RunCache;
  readonly #exchange: Exchange | undefined;
  readonly #observers = new Map<string, Observer>();
  readonly #removals = new Set<Promise<void>>();
  readonly #logTurns = new Turns(LOGS_AT_ONCE);
  #closing = new AbortController();

  constructor(profile: KubernetesProfile, cluster: Cluster, cache: RunCache) {
    this.#profile = profile;
    this.#cluster = cluster;
    this.#cache = cache;
    this.throughStore = profile.remote !== undefined;
    this.#exchange = this.throughStore ? cache.remote?.exchange() : undefined;
  }

  async preflight(stages: readonly Stage[]): Promise<readonly StageProblem[]> {
    return await problemsIn(this.#cluster, this.#profile, stages, this.#cache.remote);
  }

  start(spec: StageSpec, surroundings: Surroundings): AttemptHandle {
    const { log, about } = surroundings;
    const name = newJobName(about.stage.id);
    return this.#attempt(this.#meetingOf({ name, spec, log }), async (meeting, signal) => {
      const parts = await meeting.prepare(spec, signal);
      const { server, namespace } = this.#cluster;
      const reference = { job: name, server, namespace, ...meeting.reference };
      await writeSubmission(spec.attemptDirectory, { executor: this.#profile, reference, log });
      return jobOf(this.#profile, name, spec, surroundings, parts);
    });
  }

  async adopt(
    spec: StageSpec,
    submitted: JsonObject,
    { log }: Surroundings,
  ): Promise<AttemptHandle | undefined> {
    const { attemptDirectory } = spec;
    const reference = this.#handedIn(attemptDirectory, submitted);
    if (reference === undefined) return undefined;
    const found = this.#meetingOf({ ...reference, spec, log });
    const meeting = found.open(() => {});
    let result = await meeting.result([]);
    const observation =
      result === undefined ? await this.#observer(attemptDirectory).next(reference.name) : undefined;
    if (observation?.known) {
      const { is } = stateOf(this.#profile.image, observation.job, observation.pods);
      // The runner has died before the cluster had it: it is not waited for, and never begins.
      if (is === 'absent' && (await meeting.prevent())) return undefined;
      // It may have been finished while the cluster was asked, before its pod was taken away.
      if (is !== 'there') result = await meeting.result(observation.pods);
      if (result === undefined && (is === 'failed' || is === 'displaced')) return undefined;
    }
    if (result !== undefined && result.status !== 'done') return undefined;
    return this.#attempt(found);
  }

  async endRemains(attemptDirectory: string, submitted: JsonObject): Promise<void> {
    const name = this.#handedIn(attemptDirectory, submitted)?.name;
    if (name === undefined) return;
    if (await this.#prevent(attemptDirectory, name)) return this.#remove(name);
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
    { name, spec, open }: FoundMeeting,
    prepare?: (meeting: Meeting, signal: AbortSignal) => Promise<NewJob>,
  ): KubernetesAttempt {
    return new KubernetesAttempt({
      cluster: this.#cluster,
      observer: this.#observer(spec.attemptDirectory),
      name,
      image: this.#profile.image,
      meeting: open,
      remove: () => this.#remove(name),
      ...(prepare && { prepare }),
    });
  }

  #meetingOf({
    name,
    spec,
    log,
    order,
  }: HandedIn & { readonly spec: StageSpec; readonly log: string }): FoundMeeting {
    const { volume, remote } = this.#profile;
    const open: FoundMeeting['open'] = (tell) => {
      if (volume !== undefined) return new SharedFolder(volume, spec.attemptDirectory, log);
      return new StoreMeeting({
        cluster: this.#cluster,
        exchange: this.#requireExchange(),
        objects: this.#cache.objects,
        store: remote ?? {},
        ...{ name, spec, log, tell, logTurns: this.#logTurns },
        ...(order && { order }),
      });
    };
    return { name, spec, open };
  }

  async #prevent(attemptDirectory: string, name: string): Promise<boolean> {
    if (!this.throughStore) return preventStart(attemptDirectory);
    // Without the store nobody can tell; the cluster ends what runs.
    return this.#exchange !== undefined && (await preventJob(this.#exchange, name));
  }

  #requireExchange(): Exchange {
    if (this.#exchange !== undefined) return this.#exchange;
    throw new StageError('an executor with `remote` needs the remote cache of the run', {
      hint: 'Name it with --remote, or in PIPE_REMOTE: docs/guides/share-a-cache.md',
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

  #handedIn(attemptDirectory: string, submitted: JsonObject): HandedIn | undefined {
    return handedIn(attemptDirectory, submitted, this.#cluster, this.#exchange?.address);
  }

  /** Ends what is seen, and gives the reason why it may run all the same. */
  async #endProblem(name: string, observation: Observation | undefined): Promise<string> {
    try {
      if (observation?.known) await this.#cluster.end(name, observation.pods);
      return mayRunBecause(observation);
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
