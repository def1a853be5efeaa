import { describe, expect, it } from 'vitest';
import { stateOf } from '../../../../src/runner/executor/kubernetes/job-state.ts';
import type {
  Condition,
  ContainerStatus,
  Job,
  Pod,
} from '../../../../src/runner/executor/kubernetes/objects.ts';

/** Statuses as Kubernetes 1.34 gave them, without times. */
const job = (...conditions: Condition[]): Job => ({
  metadata: { name: 'pipe-train-1' },
  status: { conditions },
});
const pod = (status: Pod['status'], nodeName?: string): Pod => ({
  metadata: { name: 'pipe-train-1-x' },
  spec: nodeName === undefined ? {} : { nodeName },
  ...(status && { status }),
});
const terminated = (exitCode: number, reason: string): readonly ContainerStatus[] => [
  { state: { terminated: { exitCode, reason } } },
];
const stateOfPod = (status: Pod['status'], nodeName?: string) =>
  stateOf('lab/pipe', job(), [pod(status, nodeName)]);

describe('what a cluster says of an attempt', () => {
  it('has it wait with the words of the scheduler, start, and run', () => {
    expect(stateOf('lab/pipe', job(), [])).toEqual({
      is: 'there',
      waits: true,
      message: 'pipe-train-1 has no pod yet; if that lasts: kubectl describe job pipe-train-1',
    });
    const message = '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.';
    const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }];
    expect(stateOfPod({ phase: 'Pending', conditions })).toEqual({
      is: 'there',
      waits: true,
      message: `pipe-train-1-x waits for a node (Unschedulable: ${message})`,
    });
    const creating = [{ state: { waiting: { reason: 'ContainerCreating' } } }];
    expect(stateOfPod({ phase: 'Pending', containerStatuses: creating }, 'n1')).toMatchObject({
      waits: true,
      message: 'pipe-train-1-x starts on n1 (ContainerCreating)',
    });
    expect(stateOfPod({ phase: 'Running' }, 'n1')).toMatchObject({
      waits: false,
      message: 'pipe-train-1-x runs on n1',
    });
  });

  it.each(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName'])('fails it for an image: %s', (reason) => {
    const containerStatuses = [{ state: { waiting: { reason, message: 'no such image' } } }];
    expect(stateOfPod({ phase: 'Pending', containerStatuses })).toMatchObject({
      is: 'failed',
      error: { message: `the cluster cannot get the image lab/pipe (${reason}: no such image)` },
    });
  });

  it('fails it for too little memory, too little time, and a Secret that is not there', () => {
    expect(stateOfPod({ phase: 'Failed', containerStatuses: terminated(137, 'OOMKilled') })).toMatchObject({
      is: 'failed',
      error: { hint: expect.stringContaining('resources.memory') },
    });
    const late = { phase: 'Failed', reason: 'DeadlineExceeded', containerStatuses: terminated(137, 'Error') };
    expect(stateOfPod(late)).toMatchObject({
      is: 'failed',
      error: { hint: expect.stringContaining('`timeout`') },
    });
    const message = 'secret "hugging-face" not found';
    const waiting = { reason: 'CreateContainerConfigError', message };
    expect(stateOfPod({ phase: 'Pending', containerStatuses: [{ state: { waiting } }] })).toMatchObject({
      is: 'failed',
      error: { message: expect.stringContaining(message) },
    });
  });

  it.each([
    [{ reason: 'Evicted', message: 'The node was low on resource: memory.' }],
    [{ reason: 'OutOfcpu' }],
    [{ reason: 'NodeLost', containerStatuses: terminated(255, 'NodeLost') }],
    [
      {
        conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }],
        containerStatuses: terminated(137, 'Error'),
      },
    ],
  ])('calls it displaced if its place was taken away: %j', (status) => {
    expect(stateOfPod({ phase: 'Failed', ...status }).is).toBe('displaced');
  });

  it('knows from the Job why a pod is gone that nobody saw end', () => {
    const message =
      'Pod default/pipe-train-1-x has condition DisruptionTarget matching FailJob rule at index 0';
    const disrupted = { type: 'Failed', status: 'True', reason: 'PodFailurePolicy', message };
    expect(stateOf('lab/pipe', job(disrupted), [])).toEqual({ is: 'displaced', error: { message } });
    const deleted = { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' };
    expect(stateOf('lab/pipe', job(deleted), [])).toMatchObject({ is: 'failed' });
    expect(stateOf('lab/pipe', undefined, [])).toEqual({ is: 'absent' });
    const complete = { type: 'Complete', status: 'True', reason: 'CompletionsReached' };
    expect(stateOf('lab/pipe', job(complete), [])).toEqual({ is: 'ended', exitCode: 0 });
  });

  it('leaves it to the result how it ended, also if an eviction looks like success', () => {
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }];
    const containerStatuses = terminated(0, 'Completed');
    expect(stateOfPod({ phase: 'Succeeded', conditions, containerStatuses })).toEqual({
      is: 'ended',
      exitCode: 0,
    });
    expect(stateOfPod({ phase: 'Failed', containerStatuses: terminated(1, 'Error') })).toEqual({
      is: 'ended',
      exitCode: 1,
    });
  });

  it('takes a pod to run as long as its node has not said that it ended', () => {
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' }];
    expect(stateOfPod({ phase: 'Running', conditions }, 'n1').is).toBe('there');
  });

  it('follows the pod that works where the cluster has started two', () => {
    const second = pod({ phase: 'Failed', containerStatuses: terminated(81, 'Error') });
    expect(stateOf('lab/pipe', job(), [second, pod({ phase: 'Running' }, 'n1')])).toMatchObject({
      waits: false,
    });
    const first = pod({ phase: 'Succeeded', containerStatuses: terminated(0, 'Completed') });
    expect(stateOf('lab/pipe', job(), [second, first])).toEqual({ is: 'ended', exitCode: 0 });
  });
});
