import { describe, expect, it } from 'vitest';
import { folderWith, load, messagesOf, stage } from '../fixture.ts';

/** A project with a cluster of its own. */
const CLUSTER = `kind: slurm
partition: gpu
`;

function project(pipeline: string): string {
  return folderWith({
    'pipeline.yaml': `schema: 1\nname: test\n${pipeline}`,
    'configs/executors/cluster.yaml': CLUSTER,
    'configs/executors/here.yaml': 'kind: local\n',
  });
}

async function executorOf(pipeline: string, overrides: readonly string[] = []) {
  const loaded = await load(project(pipeline), overrides);
  return Object.fromEntries(loaded.stages.map(({ id, execution }) => [id, execution.executor]));
}

const cluster = { kind: 'slurm', partition: 'gpu', jobs: 1000, memory: '4GB' };

describe('where a stage runs', () => {
  it('is here where nothing says it', async () => {
    expect(await executorOf('stages: { a: { uses: source } }')).toEqual({ a: undefined });
  });

  it('is what the stage names, or else the pipeline', async () => {
    const pipeline = `executor: cluster
stages:
  a: { uses: source }
  b: { uses: source, executor: here }
  c: { uses: source, executor: { use: cluster, partition: debug } }`;
    expect(await executorOf(pipeline)).toEqual({
      a: cluster,
      b: undefined,
      c: { ...cluster, partition: 'debug' },
    });
  });

  it('is given for a run by an override, which leaves alone what stages name', async () => {
    const pipeline = `stages:
  a: { uses: source }
  b: { uses: source, executor: here }`;
    expect(await executorOf(pipeline, ['executor=cluster'])).toEqual({ a: cluster, b: undefined });
    expect(await executorOf(pipeline, ['executor=cluster', 'executor.partition=debug'])).toEqual({
      a: { ...cluster, partition: 'debug' },
      b: undefined,
    });
    expect(await executorOf(pipeline, ['stages.b.executor=cluster'])).toEqual({ a: undefined, b: cluster });
  });

  it('is the executor of the pipeline only for stages that ask for as much as that takes', async () => {
    const pipeline = `executor: { use: cluster, at_least: { gpu: 1, memory: 8GB } }
stages:
  small: { uses: source }
  hungry: { uses: source, resources: { memory: 16GB } }
  large: { uses: source, resources: { gpu: 2, memory: 8GB } }
  named: { uses: source, executor: { use: cluster, at_least: { gpu: 1 } } }`;
    const kinds = Object.entries(await executorOf(pipeline)).map(([id, executor]) => [id, executor?.kind]);
    expect(kinds).toEqual([
      ['small', undefined],
      ['hungry', undefined],
      ['large', 'slurm'],
      ['named', 'slurm'],
    ]);
  });

  it('may depend on a parameter', async () => {
    const pipeline = `params: { where: here }
stages: { a: { uses: source, executor: "\${params.where}" } }`;
    expect(await executorOf(pipeline)).toEqual({ a: undefined });
    expect(await executorOf(pipeline, ['where=cluster'])).toEqual({ a: cluster });
  });

  it('is told with its place where the profile itself is wrong', async () => {
    const folder = folderWith({
      'pipeline.yaml': 'schema: 1\nname: test\nexecutor: mine\nstages: { a: { uses: source } }\n',
      'configs/executors/mine.yaml': 'kind: slurm\ntime: tomorrow\n',
    });
    expect(await messagesOf(load(folder))).toEqual([expect.stringContaining('`executor.time`')]);
  });

  it('does not change what the stage is', async () => {
    const here = await load(project('stages: { a: { uses: source } }'));
    const there = await load(project('executor: cluster\nstages: { a: { uses: source } }'));
    const { execution: _, place: _here, ...a } = stage(here, 'a');
    const { execution: _e, place: _there, ...b } = stage(there, 'a');
    expect(a).toEqual(b);
  });
});
