import { describe, expect, it } from 'vitest';
import type { SlurmProfile } from '../../../../src/contract/executor/slurm-profile.ts';
import { jobEnvironment } from '../../../../src/runner/executor/slurm/job-environment.ts';
import { sbatchOptions } from '../../../../src/runner/executor/slurm/sbatch-options.ts';
import { pipelineOf } from '../../fixtures/pipeline-of.ts';
import { puppet } from '../../fixtures/stage-types.ts';

const profile: SlurmProfile = { kind: 'slurm', jobs: 1000, memory: '4GB' };
const stage = pipelineOf('/project', { a: { type: puppet, settings: {} } }).stages[0]!;

const asking = (resources: Partial<typeof stage.execution.resources>, timeout?: number) => ({
  execution: { ...stage.execution, timeout, resources: { cpu: 1, gpu: 0, memory: 0, ...resources } },
});

describe('a job of a stage', () => {
  it('always asks for memory: without it Slurm gives it the whole node', () => {
    expect(sbatchOptions(asking({}), profile)).toContain('--mem=3815M');
    expect(sbatchOptions(asking({ memory: 16 * 2 ** 30 }), profile)).toContain('--mem=16384M');
  });

  it('asks for the processors, GPUs and time of the stage', () => {
    const options = sbatchOptions(asking({ cpu: 2.5, gpu: 2 }, 90_000), { ...profile, gres: 'gpu:a100' });
    expect(options).toEqual(expect.arrayContaining(['--cpus-per-task=3', '--gres=gpu:a100:2', '--time=2']));
    expect(sbatchOptions(asking({ gpu: 1 }), profile)).toContain('--gres=gpu:1');
    expect(sbatchOptions(asking({}), { ...profile, time: '12h' })).toContain('--time=720');
    expect(sbatchOptions(asking({}), profile).join()).not.toMatch(/--(gres|time|partition)/);
  });

  it('is never started again by Slurm itself', () => {
    expect(sbatchOptions(asking({}), profile)).toContain('--no-requeue');
  });

  it('sees nothing of the login node or of the job in which the runner is, unless the pipeline says so', () => {
    const environment = {
      PATH: '/bin',
      TMPDIR: '/scratch/login',
      CUDA_VISIBLE_DEVICES: '3',
      SLURM_JOB_ID: '1',
      SBATCH_WAIT: '1',
      HF_HOME: '/data',
    };
    const own = { ...environment, SLURM_CONF: '/etc/other.conf' };
    const about = { run: 'r', pipeline: 'p', stage };
    expect(jobEnvironment({ environment, about }, own)).toEqual({
      PATH: '/bin',
      HF_HOME: '/data',
      SLURM_CONF: '/etc/other.conf',
    });
    const passing = { ...about, stage: { ...stage, pass: ['TMPDIR'] } };
    expect(jobEnvironment({ environment, about: passing }, own)).toHaveProperty('TMPDIR', '/scratch/login');
  });
});
