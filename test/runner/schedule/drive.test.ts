import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drive, type Step, type Work } from '../../../src/runner/schedule/drive.ts';
import { Schedule, type Task } from '../../../src/runner/schedule/schedule.ts';

const capacity = { cpu: 4, gpu: 1, memory: 8 };

const BEHAVIOURS = ['runs', 'hit', 'fails', 'cannot be decided', 'loses its input', 'is a twin'] as const;
type Behaviour = (typeof BEHAVIOURS)[number] | 'throws';

/** A random graph: each stage needs some of those before it. */
const graphsOf = (behaviours: readonly Behaviour[]) =>
  fc
    .array(
      fc.record({
        needs: fc.array(fc.nat(), { maxLength: 3 }),
        cpu: fc.integer({ min: 0, max: 6 }),
        gpu: fc.integer({ min: 0, max: 2 }),
        memory: fc.integer({ min: 0, max: 10 }),
        class: fc.constantFrom('train', 'other'),
        behaviour: fc.constantFrom<Behaviour>('runs', 'runs', ...behaviours),
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

const graphs = graphsOf(BEHAVIOURS);
type Graph = typeof graphs extends fc.Arbitrary<infer Value> ? Value : never;

/** Does what the sketches of a graph say, and notes what is started and what is reported. */
class SketchedWork implements Work {
  readonly running = new Set<string>();
  readonly runs = new Map<string, number>();
  readonly reported = new Map<string, string>();
  readonly #sketches: ReadonlyMap<string, Graph[number]>;
  readonly #schedule: Schedule;
  readonly #settle: () => Promise<void>;
  /** Stages that have lost their inputs, and how often each input had been made then. */
  readonly #lost = new Map<string, ReadonlyMap<string, number>>();
  readonly #rebuilt = new Set<string>();

  /** `settle` decides in which order stages end. */
  constructor(graph: Graph, schedule: Schedule, settle: () => Promise<void>) {
    this.#sketches = new Map(graph.map((sketch) => [sketch.task.id, sketch]));
    this.#schedule = schedule;
    this.#settle = settle;
  }

  async check(id: string): Promise<Step> {
    const { task, behaviour, earlier, microtasks } = this.#sketches.get(id)!;
    for (const need of task.needs) expect(this.#schedule.state(need)).toBe('done');
    await pass(microtasks[0]);
    if (this.#rebuilt.delete(id)) return { to: 'queued' };
    if (behaviour === 'hit') return { to: 'done' };
    if (behaviour === 'cannot be decided') return { to: 'failed' };
    if (behaviour === 'is a twin' && earlier !== undefined && this.#schedule.state(earlier) !== 'done') {
      return { to: 'waiting', need: earlier };
    }
    return { to: 'queued' };
  }

  async run(id: string): Promise<Step> {
    const { task, behaviour, microtasks } = this.#sketches.get(id)!;
    expect(this.running).not.toContain(id);
    for (const [need, count] of this.#lost.get(id) ?? []) expect(this.#runs(need)).toBeGreaterThan(count);
    this.running.add(id);
    await this.#settle();
    await pass(microtasks[1]);
    this.running.delete(id);
    if (behaviour === 'loses its input' && task.needs.length > 0 && !this.#lost.has(id)) {
      this.#lost.set(id, new Map(task.needs.map((need) => [need, this.#runs(need)])));
      for (const need of task.needs) this.#rebuilt.add(need);
      return { to: 'waiting', rebuild: task.needs };
    }
    this.runs.set(id, this.#runs(id) + 1);
    if (behaviour === 'throws') throw new Error(`a bug in ${id}`);
    return { to: behaviour === 'fails' ? 'failed' : 'done' };
  }

  skipped(id: string): void {
    this.#report(id, 'skipped');
  }

  cancelled(id: string): void {
    this.#report(id, 'cancelled');
  }

  #runs(id: string): number {
    return this.runs.get(id) ?? 0;
  }

  #report(id: string, state: string): void {
    expect(this.reported.has(id)).toBe(false);
    this.reported.set(id, state);
  }
}

function task(id: string, needs: readonly string[] = []): Task {
  return { id, needs, resources: { cpu: 1, gpu: 0, memory: 0 }, class: 'any', atMost: 9 };
}

/** Decides that every stage must run; a test says what comes of that. */
const queuesAll: Work = {
  check: async () => ({ to: 'queued' }),
  run: async (id) => Promise.reject(new Error(`${id} was not to be run`)),
  skipped: () => {},
  cancelled: () => {},
};

const never = new AbortController().signal;

const jobs = fc.integer({ min: 1, max: 4 });

describe('driving a schedule', () => {
  it('runs every stage once, after all that it needs, never above a limit, whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, jobs, fc.scheduler(), async (graph, jobs, order) => {
        const tasks = graph.map(({ task }) => task);
        const schedule = new Schedule(tasks, { jobs, capacity });
        const work = new SketchedWork(graph, schedule, async () => {
          expectWithinLimits(work.running, tasks, jobs);
          await order.schedule(Promise.resolve());
        });
        const driven = drive(schedule, work, new AbortController().signal);
        await Promise.all([driven, order.waitIdle()]);
        expect(work.running).toEqual(new Set());

        const someLoseInputs = graph.some(({ behaviour }) => behaviour === 'loses its input');
        for (const { task, behaviour } of graph) {
          const state = schedule.state(task.id);
          const needs = task.needs.map((need) => schedule.state(need));
          expect(['done', 'failed', 'skipped']).toContain(state);
          expect(work.reported.get(task.id)).toBe(state === 'skipped' ? 'skipped' : undefined);
          if (someLoseInputs) continue; // then a stage may run again, and one that had succeeded may fail
          const isRun = state !== 'skipped' && behaviour !== 'hit' && behaviour !== 'cannot be decided';
          expect(work.runs.get(task.id) ?? 0).toBe(isRun ? 1 : 0);
          if (behaviour !== 'is a twin')
            expect(state === 'skipped').toBe(needs.some((need) => need !== 'done'));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('starts nothing after it was cancelled, waits for what runs, and takes every stage to an end', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, jobs, fc.nat(8), fc.scheduler(), async (graph, jobs, starts, order) => {
        const tasks = graph.map(({ task }) => task);
        const schedule = new Schedule(tasks, { jobs, capacity });
        const controller = new AbortController();
        const work = new SketchedWork(graph, schedule, async () => {
          expect(controller.signal.aborted).toBe(false);
          await undefined; // nobody interrupts a run while it starts stages
          if (work.running.size + work.runs.size > starts) controller.abort();
          await order.schedule(Promise.resolve());
        });
        const driven = drive(schedule, work, controller.signal);
        await Promise.all([driven, order.waitIdle()]);
        expect(work.running).toEqual(new Set());
        for (const { id } of tasks) {
          const state = schedule.state(id);
          expect(['done', 'failed', 'skipped', 'cancelled']).toContain(state);
          expect(work.reported.get(id)).toBe(['done', 'failed'].includes(state) ? undefined : state);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('takes every stage to an end also where errors are thrown, and passes on the first of them then', async () => {
    await fc.assert(
      fc.asyncProperty(graphsOf(['throws', 'fails']), jobs, fc.scheduler(), async (graph, jobs, order) => {
        const schedule = new Schedule(
          graph.map(({ task }) => task),
          { jobs, capacity },
        );
        const work = new SketchedWork(graph, schedule, () => order.schedule(Promise.resolve()));
        const driven = drive(schedule, work, new AbortController().signal).then(
          () => undefined,
          (error: Error) => error.message,
        );
        const [message] = await Promise.all([driven, order.waitIdle()]);
        expect(work.running).toEqual(new Set());
        expect(schedule.finished).toBe(true);
        const thrown = graph.filter(
          ({ task, behaviour }) => behaviour === 'throws' && work.runs.has(task.id),
        );
        if (thrown.length === 0) expect(message).toBeUndefined();
        else expect(thrown.map(({ task }) => `a bug in ${task.id}`)).toContain(message);
        for (const { task } of thrown) expect(schedule.state(task.id)).toBe('failed');
      }),
      { numRuns: 200 },
    );
  });

  it('makes a lost output again once, also where another stage misses it meanwhile', async () => {
    const schedule = new Schedule([task('a'), task('b', ['a']), task('c', ['a'])], { jobs: 3, capacity });
    const runs: string[] = [];
    let begin: () => void = () => {};
    const rebuilding = new Promise<void>((begun) => {
      begin = begun;
    });
    const run = async (id: string): Promise<Step> => {
      const isFirst = !runs.includes(id);
      runs.push(id);
      if (id === 'a' && !isFirst) {
        begin();
        await pass(20);
      }
      if (id === 'a' || !isFirst) return { to: 'done' };
      if (id === 'c') await rebuilding;
      return { to: 'waiting', rebuild: ['a'] };
    };
    await drive(schedule, { ...queuesAll, run }, never);
    expect(runs).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  it('gives room in the order of the tasks, however long it takes to decide about each', async () => {
    const started: string[] = [];
    await drive(
      new Schedule([task('slow'), task('quick')], { jobs: 1, capacity }),
      {
        ...queuesAll,
        check: async (id) => {
          await pass(id === 'slow' ? 50 : 0);
          return { to: 'queued' };
        },
        run: async (id) => {
          started.push(id);
          return { to: 'done' };
        },
      },
      never,
    );
    expect(started).toEqual(['slow', 'quick']);
  });

  it('cancels at once what has not started, while something runs on', async () => {
    for (const interrupt of [
      (abort: () => void) => abort(),
      (abort: () => void) => void setImmediate(abort),
    ]) {
      const schedule = new Schedule([task('a'), task('b'), task('c', ['a'])], { jobs: 1, capacity });
      const controller = new AbortController();
      const cancelled: string[] = [];
      let finish: () => void = () => {};
      await drive(
        schedule,
        {
          ...queuesAll,
          run: async () => {
            interrupt(() => controller.abort());
            await new Promise<void>((done) => {
              finish = done; // only once the others are cancelled
            });
            return { to: 'done' };
          },
          cancelled: (id) => {
            cancelled.push(id);
            if (cancelled.length === 2) finish();
          },
        },
        controller.signal,
      );
      expect(cancelled.sort()).toEqual(['b', 'c']);
      expect(['a', 'b', 'c'].map((id) => schedule.state(id))).toEqual(['done', 'cancelled', 'cancelled']);
    }
  });

  it('takes a stage that stopped because of it as cancelled, and what depends on it too', async () => {
    const schedule = new Schedule([task('a'), task('b', ['a'])], { jobs: 1, capacity });
    const controller = new AbortController();
    const run = async (): Promise<Step> => {
      controller.abort();
      return { to: 'cancelled' };
    };
    await drive(schedule, { ...queuesAll, run }, controller.signal);
    expect(['a', 'b'].map((id) => schedule.state(id))).toEqual(['cancelled', 'cancelled']);
  });

  it('starts nothing more after an error, and cancels at once what has not started', async () => {
    const schedule = new Schedule([task('a'), task('b'), task('c'), task('d', ['b'])], { jobs: 2, capacity });
    const cancelled: string[] = [];
    let finish: () => void = () => {};
    const work: Work = {
      ...queuesAll,
      run: async (id) => {
        if (id === 'a') throw new Error('a bug');
        await new Promise<void>((done) => {
          finish = done;
        });
        return { to: 'done' };
      },
      cancelled: (id) => {
        cancelled.push(id);
        if (cancelled.length === 2) finish();
      },
    };
    await expect(drive(schedule, work, never)).rejects.toThrow('a bug');
    expect(cancelled.sort()).toEqual(['c', 'd']);
    expect(['a', 'b'].map((id) => schedule.state(id))).toEqual(['failed', 'done']);
  });

  it('waits for what runs, and tells of it, whatever a listener throws', async () => {
    const schedule = new Schedule([task('a'), task('b'), task('c', ['a'])], { jobs: 2, capacity });
    let ended = 0;
    const work: Work = {
      ...queuesAll,
      run: async (id) => {
        if (id === 'a') return { to: 'failed' };
        await new Promise((later) => setImmediate(later));
        ended++;
        return { to: 'done' };
      },
      skipped: () => {
        throw new Error('a closed terminal');
      },
    };
    await expect(drive(schedule, work, never)).rejects.toThrow('a closed terminal');
    expect(ended).toBe(1);
    expect(schedule.state('b')).toBe('done');
  });

  it('says because of which failure a stage is skipped', async () => {
    const schedule = new Schedule([task('a'), task('b', ['a']), task('c', ['b'])], { jobs: 1, capacity });
    const skipped: string[] = [];
    await drive(
      schedule,
      {
        ...queuesAll,
        run: async () => ({ to: 'failed' }),
        skipped: (id, because) => skipped.push(`${id} after ${because}`),
      },
      never,
    );
    expect(skipped).toEqual(['b after a', 'c after a']);
  });

  it('takes a chain of thousands to its end when its first stage fails', async () => {
    const tasks = Array.from({ length: 20_000 }, (_, index) =>
      task(`s${index}`, index === 0 ? [] : [`s${index - 1}`]),
    );
    let skipped = 0;
    await drive(
      new Schedule(tasks, { jobs: 2, capacity }),
      {
        ...queuesAll,
        run: async () => ({ to: 'failed' }),
        skipped: () => skipped++,
      },
      never,
    );
    expect(skipped).toBe(19_999);
  });

  it('names it a bug when nothing can go on', async () => {
    const tasks = [{ ...task('a'), atMost: 0 }, task('b', ['a']), task('c', ['a'])];
    await expect(drive(new Schedule(tasks, { jobs: 1, capacity }), queuesAll, never)).rejects.toThrow(
      'Internal error: nothing to do with nothing running, yet these wait: b, c, a',
    );
  });
});

async function pass(microtasks: number): Promise<void> {
  for (let passed = 0; passed < microtasks; passed++) await undefined;
}

function expectWithinLimits(running: ReadonlySet<string>, tasks: readonly Task[], jobs: number): void {
  const held = tasks.filter(({ id }) => running.has(id));
  expect(held.length).toBeLessThanOrEqual(jobs);
  expect(held.filter((task) => task.class === 'train').length).toBeLessThanOrEqual(1);
  for (const name of ['cpu', 'gpu', 'memory'] as const) {
    const used = held.reduce((sum, { resources }) => sum + Math.min(resources[name], capacity[name]), 0);
    expect(used).toBeLessThanOrEqual(capacity[name]);
  }
}
