import { JOB_EXIT } from '../job-script.ts';
import type { Condition, Job, Pod } from './objects.ts';

interface Problem {
  readonly message: string;
  readonly hint?: string;
}

/** What a Job and its pods say of an attempt. */
export type JobState =
  /** There is no Job, and no pod. */
  | { readonly is: 'absent' }
  /** It is with the cluster: in the queue, or on a node. */
  | { readonly is: 'there'; readonly waits: boolean; readonly message: string }
  /** Its process has ended by itself: the result says how. */
  | { readonly is: 'ended'; readonly exitCode: number }
  | { readonly is: 'failed'; readonly error: Problem }
  | { readonly is: 'displaced'; readonly error: Problem };

/** Reasons of a pod's status that say that its node or its place was taken away, or that it never got them. */
const TAKEN_AWAY: ReadonlySet<string> = new Set([
  'Evicted',
  'Preempting',
  'NodeAffinity',
  'NodeLost',
  'NodeShutdown',
  'Shutdown',
  'Terminated',
  'UnexpectedAdmissionError',
  'OutOfcpu',
  'OutOfmemory',
  'OutOfpods',
]);

/** Reasons of a container that waits and for which waiting is in vain. */
const NO_IMAGE: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
]);
const NO_CONTAINER: ReadonlySet<string> = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** `pods` are all of the Job; more than one only where the cluster has started it twice. */
export function stateOf(image: string, job: Job | undefined, pods: readonly Pod[]): JobState {
  const pod = pods.find(isAlive) ?? pods.find((one) => exitCodeOf(one) !== JOB_EXIT.begun) ?? pods[0];
  if (pod !== undefined) return podState(image, job, pod);
  if (job === undefined) return { is: 'absent' };
  // A pod can vanish before anybody has seen how it ended.
  if (conditionOf(job.status?.conditions, ['Complete', 'SuccessCriteriaMet']))
    return { is: 'ended', exitCode: 0 };
  const failed = conditionOf(job.status?.conditions, ['Failed', 'FailureTarget']);
  if (failed === undefined) return { is: 'there', waits: true, message: noPodYet(job) };
  if (failed.reason === 'PodFailurePolicy') return displaced(`${failed.message ?? 'its pod was disrupted'}`);
  return {
    is: 'failed',
    error: {
      message: `the pod of ${job.metadata.name} was deleted${because(failed)}`,
      hint: 'Somebody or something in the cluster deleted it. Run again.',
    },
  };
}

/** A quota, or a rule of the cluster, may be in the way: only the Job's own events say it. */
function noPodYet({ metadata: { name } }: Job): string {
  return `${name} has no pod yet; if that lasts: kubectl describe job ${name}`;
}

/** Whether something of a pod may run: a node that cannot be reached says nothing, and its pods are taken to run. */
function isAlive({ status }: Pod): boolean {
  return status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

function podState(image: string, job: Job | undefined, pod: Pod): JobState {
  const { metadata, spec, status } = pod;
  const state = status?.containerStatuses?.[0]?.state;
  if (isAlive(pod)) {
    const { reason = '', message = '' } = state?.waiting ?? {};
    if (NO_IMAGE.has(reason)) return noImage(image, reason, message);
    if (NO_CONTAINER.has(reason)) return noContainer(reason, message);
    if (status?.phase === 'Running') {
      return { is: 'there', waits: false, message: `${metadata.name} runs on ${spec?.nodeName ?? 'a node'}` };
    }
    return { is: 'there', waits: true, message: `${metadata.name} ${waitsFor(pod, reason)}` };
  }
  const ended = state?.terminated;
  // An eviction can look like success; what the process has left says what it is (kubernetes#90636).
  if (status?.phase === 'Succeeded') return { is: 'ended', exitCode: ended?.exitCode ?? 0 };
  if (status?.reason === 'DeadlineExceeded') return tooLong();
  const disrupted = conditionOf(status?.conditions, ['DisruptionTarget']);
  if (disrupted) return displaced(`${metadata.name} was disrupted${because(disrupted)}`);
  if (TAKEN_AWAY.has(status?.reason ?? ''))
    return displaced(`${metadata.name} was taken away${because(status ?? {})}`);
  const policy = conditionOf(job?.status?.conditions, ['Failed', 'FailureTarget']);
  if (policy?.reason === 'PodFailurePolicy')
    return displaced(policy.message ?? `${metadata.name} was disrupted`);
  if (ended?.reason === 'OOMKilled') return outOfMemory(metadata.name);
  if (ended?.reason === 'StartError' || ended?.reason === 'ContainerCannotRun') {
    return noContainer(ended.reason, ended.message ?? '');
  }
  if (ended === undefined)
    return displaced(`${metadata.name} ended before its container ran${because(status ?? {})}`);
  return { is: 'ended', exitCode: ended.exitCode };
}

function waitsFor({ spec, status }: Pod, reason: string): string {
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return `waits for a node${because(scheduled)}`;
  return spec?.nodeName === undefined
    ? 'waits for a node'
    : `starts on ${spec.nodeName}${reason === '' ? '' : ` (${reason})`}`;
}

function exitCodeOf({ status }: Pod): number | undefined {
  return status?.containerStatuses?.[0]?.state?.terminated?.exitCode;
}

function conditionOf(
  conditions: readonly Condition[] | undefined,
  types: readonly string[],
): Condition | undefined {
  return conditions?.find(({ type, status }) => types.includes(type) && status === 'True');
}

function because({ reason, message }: { readonly reason?: string; readonly message?: string }): string {
  const words = [reason, message].filter((text) => text !== undefined && text !== '');
  return words.length === 0 ? '' : ` (${words.join(': ')})`;
}

function displaced(message: string): JobState {
  return { is: 'displaced', error: { message } };
}

function outOfMemory(pod: string): JobState {
  return {
    is: 'failed',
    error: {
      message: `${pod} used more memory than its limit and was killed (OOMKilled)`,
      hint: 'Raise `resources.memory` of the stage, or use a smaller batch or model.',
    },
  };
}

function tooLong(): JobState {
  return {
    is: 'failed',
    error: {
      message: 'the stage took longer than its timeout and was ended (DeadlineExceeded)',
      hint: 'Raise `timeout`; checkpoints and finished items are kept, and the next run continues from them.',
    },
  };
}

function noImage(image: string, reason: string, message: string): JobState {
  return {
    is: 'failed',
    error: {
      message: `the cluster cannot get the image ${image}${because({ reason, message })}`,
      hint: 'Is `image` of the executor right, and may the nodes pull it? See `image_pull_secrets`.',
    },
  };
}

function noContainer(reason: string, message: string): JobState {
  return {
    is: 'failed',
    error: {
      message: `the cluster cannot start the container${because({ reason, message })}`,
      hint: 'Look at the Secrets, the volume and the image that the executor names.',
    },
  };
}
