import { describe, expect, it } from 'vitest';
import { parseJob, parseRecord } from '../../../../src/runner/executor/slurm/job-facts.ts';
import { isTakenAway, phaseOf } from '../../../../src/runner/executor/slurm/job-state.ts';
import { parseQueue } from '../../../../src/runner/executor/slurm/queue.ts';
import { parseNodeKinds } from '../../../../src/runner/executor/slurm/slurm-problems.ts';

/* Texts as Slurm 22.05.8 printed them. */

describe('what Slurm answers', () => {
  it('of the queue: each job of an array, and jobs without one', () => {
    const found = parseQueue(`pipe-b|2|N/A|FAILED|JobLaunchFailure|n1
pipe-d|4|N/A|PENDING|BeginTime|
pipe-a|1|0|RUNNING|None|n1
pipe-a|1|12|PENDING|Resources|
CLUSTER: test`);
    expect(Object.fromEntries(found)).toEqual({
      'pipe-b/0': [{ job: '2', state: 'FAILED', reason: 'JobLaunchFailure', node: 'n1' }],
      'pipe-d/0': [{ job: '4', state: 'PENDING', reason: 'BeginTime', node: '' }],
      'pipe-a/0': [{ job: '1_0', state: 'RUNNING', reason: 'None', node: 'n1' }],
      'pipe-a/12': [{ job: '1_12', state: 'PENDING', reason: 'Resources', node: '' }],
    });
  });

  it('of one job, while the controller knows it', () => {
    const line =
      'JobId=11 ArrayJobId=1 ArrayTaskId=2 JobName=pipe-a UserId=root(0) Priority=4294901759 JobState=CANCELLED Reason=None Dependency=(null) Requeue=0 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:15 RunTime=00:00:02 Comment=pipe run stage';
    expect(parseJob(line)).toEqual({ state: 'CANCELLED', reason: 'None', exitCode: 0, signal: 15 });
    expect(parseJob('slurm_load_jobs error: Invalid job id specified')).toBeUndefined();
  });

  it('of one job, from its database', () => {
    expect(parseRecord('CANCELLED by 1000|0:15\n')).toEqual({ state: 'CANCELLED', exitCode: 0, signal: 15 });
    expect(parseRecord('OUT_OF_MEMORY|0:125')).toEqual({ state: 'OUT_OF_MEMORY', exitCode: 0, signal: 125 });
    expect(parseRecord('')).toBeUndefined();
  });

  it('of its nodes', () => {
    const text =
      'main*|up|8+|4000|gpu:2|infinite\nlong|down|64|256000|gpu:a100:4(S:0-1),gpu:v100:2|1-12:30:00';
    expect(parseNodeKinds(text)).toEqual([
      {
        partition: 'main',
        isDefault: true,
        isUp: true,
        cpus: 8,
        memory: 4000,
        gpus: { gpu: 2 },
        minutes: Number.POSITIVE_INFINITY,
      },
      {
        partition: 'long',
        isDefault: false,
        isUp: false,
        cpus: 64,
        memory: 256_000,
        gpus: { gpu: 6, 'gpu:a100': 4, 'gpu:v100': 2 },
        minutes: 36.5 * 60,
      },
    ]);
  });

  it('of the state of a job: one that nobody knows is no end', () => {
    expect(['PENDING', 'CONFIGURING', 'REQUEUED'].map(phaseOf)).toEqual(['waits', 'waits', 'waits']);
    expect(['RUNNING', 'COMPLETING', 'SUSPENDED', 'LATER_STATE', 'constructor'].map(phaseOf)).toEqual(
      Array.from({ length: 5 }, () => 'runs'),
    );
    expect(['COMPLETED', 'TIMEOUT', 'OUT_OF_MEMORY', 'PREEMPTED'].map(phaseOf)).toEqual(
      Array.from({ length: 4 }, () => 'ended'),
    );
    expect(['PREEMPTED', 'NODE_FAIL', 'FAILED', 'CANCELLED'].filter(isTakenAway)).toEqual([
      'PREEMPTED',
      'NODE_FAIL',
    ]);
  });
});
