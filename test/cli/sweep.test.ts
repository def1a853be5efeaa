import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcomes, Project } from './rig.ts';

/** The history that `train` writes depends on the rate, the model only on the number of epochs. */
const sweep = (rates: string) => `
schema: 1
name: sweep
params: { learning_rate: 1.0e-5, epochs: 1 }
stages:
  data:
    uses: command
    with:
      run: 'node -e "console.log(JSON.stringify(Array.from({length: 9}, (_, i) => ({instruction: String(i), input: String(), output: String(i)}))))" > data.json'
      outputs: { data: data.json }
  format: { uses: format, inputs: { data: data.data }, with: { prompt: plain } }
  plan:
    uses: command
    with: { run: "echo \${params.epochs} epochs > plan.txt", outputs: { plan: plan.txt } }
  train:
    uses: command
    inputs: { records: format.records, plan: plan.plan }
    with:
      run: "cat inputs/plan > model.txt; echo rate \${params.learning_rate} > history.txt"
      outputs: { model: model.txt, history: history.txt }
  judge:
    uses: command
    inputs: { model: train.model }
    with: { run: "wc -c < inputs/model > score.txt", outputs: { score: score.txt } }
  compare:
    uses: command
    inputs: { histories: { each: train.history } }
    with: { run: "for f in inputs/histories/*; do echo $(basename $f): $(cat $f); done > table.txt", outputs: { table: table.txt } }
sweep:
  learning_rate: ${rates}
  epochs: [1, 2]
`;

describe('a sweep over two parameters', () => {
  let project: Project;
  let run: Awaited<ReturnType<Project['run']>>;
  beforeAll(async () => {
    project = new Project({ 'sweep.yaml': sweep('[1.0e-5, 5.0e-5]') });
    run = await project.run(['sweep.yaml']);
  });
  afterAll(() => project.remove());

  it('runs one stage for each combination that it depends on, and shares all the others', () => {
    expect(run.code).toBe(0);
    expect(outcomes(run.events)).toEqual({
      data: 'ran',
      format: 'ran',
      'plan[epochs=1]': 'ran',
      'plan[epochs=2]': 'ran',
      'train[learning_rate=0.00001,epochs=1]': 'ran',
      'train[learning_rate=0.00001,epochs=2]': 'ran',
      'train[learning_rate=0.00005,epochs=1]': 'ran',
      'train[learning_rate=0.00005,epochs=2]': 'ran',
      // Both rates gave the same model: one of two equal actions runs.
      'judge[learning_rate=0.00001,epochs=1]': 'ran',
      'judge[learning_rate=0.00001,epochs=2]': 'ran',
      'judge[learning_rate=0.00005,epochs=1]': 'hit',
      'judge[learning_rate=0.00005,epochs=2]': 'hit',
      compare: 'ran',
    });
    const judged = run.events.find(
      (event) => event.type === 'stage-finished' && event.stage === 'judge[learning_rate=0.00005,epochs=2]',
    );
    expect(judged).toMatchObject({
      reason: { message: 'the same action as judge[learning_rate=0.00001,epochs=2]' },
    });
  });

  it('collects one output over all variants under their labels', async () => {
    const { stdout } = await project.pipe(['cat', 'sweep.yaml', 'compare.table']);
    expect(stdout).toBe(`learning_rate=0.00001,epochs=1: rate 0.00001
learning_rate=0.00001,epochs=2: rate 0.00001
learning_rate=0.00005,epochs=1: rate 0.00005
learning_rate=0.00005,epochs=2: rate 0.00005
`);
  });

  it('runs only the new points of a longer sweep, and says what they are compared with', async () => {
    project.write('sweep.yaml', sweep('[1.0e-5, 5.0e-5, 2.0e-4]'));
    const { stdout: plan } = await project.pipe(['plan', 'sweep.yaml']);
    expect(plan).toContain('2 stages to run, 3 may run, 12 cached');
    expect(plan).toMatch(
      /run +train\[learning_rate=0\.0002,epochs=2\] +~\S+ s +not run before; compared with train\[learning_rate=0\.00001,epochs=2\]: run .*0\.00001 .* -> .*0\.0002 /,
    );
    const { events } = await project.run(['sweep.yaml']);
    const ran = Object.entries(outcomes(events)).filter(([, outcome]) => outcome === 'ran');
    expect(ran.map(([stage]) => stage).sort()).toEqual([
      'compare',
      'train[learning_rate=0.0002,epochs=1]',
      'train[learning_rate=0.0002,epochs=2]',
    ]);
  });

  it('takes the name of a stage for all of its variants', async () => {
    project.write('sweep.yaml', sweep('[1.0e-5, 5.0e-5]'));
    const { events } = await project.run(['sweep.yaml', '--only', 'judge', '--force', 'plan']);
    const ended = outcomes(events);
    expect(Object.keys(ended).filter((stage) => stage.startsWith('judge'))).toHaveLength(4);
    expect(ended).toMatchObject({ 'plan[epochs=1]': 'ran', 'plan[epochs=2]': 'ran' });
    expect(ended).not.toHaveProperty('compare');
  });
});
