import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drive, type Step } from '../../../src/runner/schedule/drive.ts';
import { Schedule, type Task } from '../../../src/runner/schedule/schedule.ts';

const capacity = { cpu: 4, gpu: 1, memory: 8 };

/** A random graph: each stage needs some of those before it. */
const graphs = fc
  .array(
    fc.record({
      needs: fc.array(fc.nat(), { maxLength: 3 }),
      cpu: fc.integer({ min: 0, max: 6 }),
      gpu: fc.integer({ min: 0, max: 2 }),
      memory: fc.integer({ min: 0, max: 10 }),
      class: fc.constantFrom('train', 'other'),
      behaviour: fc.constantFrom('runs', 'runs', 'runs', 'hit', 'fails', 'loses its input', 'is a twin'),
      // Answers that come in neighbouring microtasks are where two accounts of one stage could part.
      microtasks: fc.array(fc.nat({ max: 6 }), { minLength: 2, maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((sketches) =>
    sketches.map((sketch, index) => ({
      behaviour: sketch.behaviour,
      microtasks: sketch.microtasks as [number, number],
      earlier: index === 0 ? undefined : `s${sketch.needs[0] === undefined ? 0 : sketch.needs[0] % index}`,
      task: {
        id: `s${index}`,
        needs: index === 0 ? [] : [...new Set(sketch.needs.map((need) => `s${need % index}`))],
        resources: { cpu: sketch.cpu, gpu: sketch.gpu, memory: sketch.memory },
        class: sketch.class,
        atMost: sketch.class === 'train' ? 1 : 99,
      } satisfies Task,
    })),
  );

describe('driving a schedule', () => {
  it('runs every stage once, after all that it needs, never above a limit, whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, fc.integer({ min: 1, max: 4 }), fc.scheduler(), async (graph, jobs, order) => {
        const tasks = new Map(graph.map(({ task }) => [task.id, task]));
        const sketches = new Map(graph.map((sketch) => [sketch.task.id, sketch]));
        const schedule = new Schedule([...tasks.values()], { jobs, capacity });
        const running = new Set<string>();
        const runs = new Map<string, number>();
        const ended = new Map<string, string>();
        const lost = new Set<string>();
        const rebuilt = new Set<string>();

        const check = async (id: string): Promise<Step> => {
          const { task, behaviour, earlier, microtasks } = sketches.get(id)!;
          for (const need of task.needs) expect(schedule.state(need)).toBe('done');
          await pass(microtasks[0]);
          if (rebuilt.delete(id)) return { to: 'queued' };
          if (behaviour === 'hit') return { to: 'done' };
          if (behaviour === 'is a twin' && earlier !== undefined && schedule.state(earlier) !== 'done') {
            return { to: 'waiting', need: earlier };
          }
          return { to: 'queued' };
        };
        const run = async (id: string): Promise<Step> => {
          const { task, behaviour, microtasks } = sketches.get(id)!;
          running.add(id);
          expectWithinLimits(running, tasks, jobs);
          await order.schedule(Promise.resolve());
          await pass(microtasks[1]);
          running.delete(id);
          if (behaviour === 'loses its input' && task.needs.length > 0 && !lost.has(id)) {
            lost.add(id);
            for (const need of task.needs) rebuilt.add(need);
            return { to: 'waiting', rebuild: task.needs };
          }
          runs.set(id, (runs.get(id) ?? 0) + 1);
          return { to: behaviour === 'fails' ? 'failed' : 'done' };
        };
        const driven = drive(
          schedule,
          { check, run, ended: (id, state) => ended.set(id, state) },
          new AbortController().signal,
        );
        await Promise.all([driven, order.waitIdle()]);
        await driven;
        expect(running).toEqual(new Set());

        const someLoseInputs = graph.some(({ behaviour }) => behaviour === 'loses its input');
        for (const { task, behaviour } of graph) {
          const state = schedule.state(task.id);
          const needs = task.needs.map((need) => schedule.state(need));
          expect(['done', 'failed', 'skipped']).toContain(state);
          expect(ended.get(task.id) === 'skipped').toBe(state === 'skipped');
          if (someLoseInputs) continue; // then a stage may run again, and one that had succeeded may fail
          expect(runs.get(task.id) ?? 0).toBe(state === 'skipped' || behaviour === 'hit' ? 0 : 1);
          if (behaviour !== 'is a twin')
            expect(state === 'skipped').toBe(needs.some((need) => need !== 'done'));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('starts nothing after it was cancelled, and waits for what runs', async () => {
    const tasks = ['a', 'b', 'c'].map(
      (id, index): Task => ({
        id,
        needs: index === 2 ? ['a'] : [],
        resources: { cpu: 1, gpu: 0, memory: 0 },
        class: 'any',
        atMost: 9,
      }),
    );
    const schedule = new Schedule(tasks, { jobs: 1, capacity });
    const controller = new AbortController();
    const ended: string[] = [];
    await drive(
      schedule,
      {
        check: async () => ({ to: 'queued' }),
        run: async () => {
          controller.abort();
          return { to: 'done' };
        },
        ended: (id, state, because) => ended.push(`${id} ${state} ${because}`),
      },
      controller.signal,
    );
    expect(tasks.map(({ id }) => schedule.state(id))).toEqual(['done', 'cancelled', 'cancelled']);
    expect(ended.sort()).toEqual(['b cancelled undefined', 'c cancelled undefined']);
  });

  it('passes on an error only after everything has settled', async () => {
    const tasks = ['a', 'b'].map(
      (id): Task => ({ id, needs: [], resources: { cpu: 1, gpu: 0, memory: 0 }, class: 'any', atMost: 9 }),
    );
    const schedule = new Schedule(tasks, { jobs: 2, capacity });
    let finish: () => void = () => {};
    const work = {
      check: async (): Promise<Step> => ({ to: 'queued' }),
      run: async (id: string): Promise<Step> => {
        if (id === 'a') throw new Error('a bug');
        await new Promise<void>((done) => {
          finish = done;
        });
        return { to: 'done' };
      },
      ended: () => {},
    };
    const driven = drive(schedule, work, new AbortController().signal);
    setImmediate(() => finish());
    await expect(driven).rejects.toThrow('a bug');
    expect(schedule.state('b')).toBe('done');
    expect(schedule.state('a')).toBe('failed');
  });

  it('waits for what runs, and tells of it, whatever a listener throws', async () => {
    const tasks = ['a', 'b', 'c'].map(
      (id): Task => ({
        id,
        needs: id === 'c' ? ['a'] : [],
        resources: { cpu: 1, gpu: 0, memory: 0 },
        class: 'any',
        atMost: 9,
      }),
    );
    const schedule = new Schedule(tasks, { jobs: 2, capacity });
    let ended = 0;
    const work = {
      check: async (): Promise<Step> => ({ to: 'queued' }),
      run: async (id: string): Promise<Step> => {
        if (id === 'a') return { to: 'failed' };
        await new Promise((later) => setImmediate(later));
        ended++;
        return { to: 'done' };
      },
      ended: () => {
        throw new Error('a closed terminal');
      },
    };
    await expect(drive(schedule, work, new AbortController().signal)).rejects.toThrow('a closed terminal');
    expect(ended).toBe(1);
    expect(schedule.state('b')).toBe('done');
  });

  it('takes a chain of thousands to its end when its first stage fails', async () => {
    const tasks = Array.from(
      { length: 20_000 },
      (_, index): Task => ({
        id: `s${index}`,
        needs: index === 0 ? [] : [`s${index - 1}`],
        resources: { cpu: 1, gpu: 0, memory: 0 },
        class: 'any',
        atMost: 9,
      }),
    );
    let skipped = 0;
    await drive(
      new Schedule(tasks, { jobs: 2, capacity }),
      {
        check: async () => ({ to: 'queued' }),
        run: async () => ({ to: 'failed' }),
        ended: () => skipped++,
      },
      new AbortController().signal,
    );
    expect(skipped).toBe(19_999);
  });

  it('names it a bug when nothing can go on', async () => {
    const task: Task = {
      id: 'a',
      needs: [],
      resources: { cpu: 1, gpu: 0, memory: 0 },
      class: 'any',
      atMost: 0,
    };
    const work = {
      check: async (): Promise<Step> => ({ to: 'queued' }),
      run: async () => neverCalled(),
      ended: () => {},
    };
    await expect(
      drive(new Schedule([task], { jobs: 1, capacity }), work, new AbortController().signal),
    ).rejects.toThrow('Internal error: nothing to do with nothing running, yet these wait: a');
  });
});

async function pass(microtasks: number): Promise<void> {
  for (let passed = 0; passed < microtasks; passed++) await undefined;
}

function neverCalled(): never {
  throw new Error('there is no room for it');
}

function expectWithinLimits(
  running: ReadonlySet<string>,
  tasks: ReadonlyMap<string, Task>,
  jobs: number,
): void {
  const held = [...running].map((id) => tasks.get(id)!);
  expect(held.length).toBeLessThanOrEqual(jobs);
  expect(held.filter((task) => task.class === 'train').length).toBeLessThanOrEqual(1);
  for (const name of ['cpu', 'gpu', 'memory'] as const) {
    const used = held.reduce((sum, { resources }) => sum + Math.min(resources[name], capacity[name]), 0);
    expect(used).toBeLessThanOrEqual(capacity[name]);
  }
}
