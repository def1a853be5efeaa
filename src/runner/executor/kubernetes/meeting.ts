import type { StageSpec } from '../../../contract/attempt/spec.ts';
import type { StageEvent } from '../../../contract/attempt/stage-event.ts';
import type { JsonObject } from '../../../contract/json.ts';
import type { AttemptResult } from '../executor.ts';
import type { Pod } from './objects.ts';

/** What a pod is given so that it meets its runner. */
export interface PodParts {
  /** Shell that becomes the process of the stage. */
  readonly script: string;
  readonly env: readonly JsonObject[];
  readonly volumes: readonly JsonObject[];
  readonly volumeMounts: readonly JsonObject[];
  /** More of the container. */
  readonly container: JsonObject;
  /** So long a Job that has ended stays if its runner does not remove it, in seconds. */
  readonly keptFinished: number;
}

/** A process that has ended by itself. */
export interface EndedPod {
  readonly exitCode: number;
  /** Of its Job; none where all of them are gone. */
  readonly pods: readonly Pod[];
  /** The runner has asked it to stop. */
  readonly asked: boolean;
}

/** Where the runner and the pod of one attempt meet: in a folder that both see, or in a store. */
export interface Meeting {
  /** What a later runner has to know to meet it again. */
  readonly reference: JsonObject;
  /** Puts down what the pod needs to begin. Throws an Error where that cannot be done. */
  prepare(spec: StageSpec, signal: AbortSignal): Promise<PodParts>;
  /** Sees to it that it never begins. False where it has begun, or nobody can tell. */
  prevent(): Promise<boolean>;
  /** Asks what has begun to stop; it may write a checkpoint. True if it was taken from the cluster: it is over when nothing is seen of it. */
  askToStop(): Promise<boolean>;
  /** What the pod prints and tells, as far as that is known before the end; then all of it, until `ended` has settled. */
  events(ended: Promise<unknown>): AsyncIterable<StageEvent>;
  /** Pods of it that are seen. */
  saw(pods: readonly Pod[]): void;
  /** What is known to have come out, however it ended since; undefined for nothing. Never waits. */
  result(pods: readonly Pod[]): Promise<AttemptResult | undefined>;
  /** How an attempt ended whose process ended by itself. `signal` ends the waiting for it. */
  end(ended: EndedPod, signal: AbortSignal): Promise<AttemptResult>;
  /** How an attempt ended of which nothing is left in the cluster. */
  gone(): AttemptResult;
}
