import { describe, expect, it } from 'vitest';
import { Schedule, type Task } from '../../../src/runner/schedule/schedule.ts';

const capacity = { cpu: 4, gpu: 0, memory: 8 };

function task(id: string, needs: readonly string[] = [], more: Partial<Task> = {}): Task {
  return { id, needs, resources: { cpu: 1, gpu: 0, memory: 1 }, class: 'any', atMost: 99, ...more };
}

/** Brings ready stages into the queue. */
function queue(schedule: Schedule): void {
  for (const id of schedule.in('ready')) {
    schedule.set(id, 'checking');
    schedule.set(id, 'queued');
  }
}

function startAll(schedule: Schedule): string[] {
  const started: string[] = [];
  for (let id = schedule.nextToRun(); id !== undefined; id = schedule.nextToRun()) {
    schedule.set(id, 'running');
    started.push(id);
  }
  return started;
}

describe('a schedule', () => {
  it('makes a stage ready when everything that it needs is done', () => {
    const schedule = new Schedule([task('a'), task('b'), task('c', ['a', 'b'])], { jobs: 4, capacity });
    queue(schedule);
    expect(startAll(schedule)).toEqual(['a', 'b']);
    schedule.set('a', 'done');
    expect(schedule.state('c')).toBe('waiting');
    schedule.set('b', 'done');
    expect(schedule.state('c')).toBe('ready');
  });

  it('makes a stage that collects ready when all of that has ended and some of it is done', () => {
    const collector = task('all', ['x'], { collects: [['a', 'b']] });
    const schedule = new Schedule([task('x'), task('a'), task('b'), collector], { jobs: 4, capacity });
    queue(schedule);
    startAll(schedule);
    schedule.set('x', 'done');
    schedule.set('a', 'failed');
    expect(schedule.state('all')).toBe('waiting');
    schedule.set('b', 'done');
    expect(schedule.state('all')).toBe('ready');
  });

  it('skips a stage that collects where all of a collection failed, or something besides', () => {
    const collector = task('all', ['x'], { collects: [['a', 'b']] });
    for (const [failed, done] of [
      [['a', 'b'], ['x']],
      [['x'], ['a', 'b']],
    ] as const) {
      const schedule = new Schedule([task('x'), task('a'), task('b'), collector], { jobs: 4, capacity });
      queue(schedule);
      startAll(schedule);
      for (const id of done) schedule.set(id, 'done');
      for (const id of failed) schedule.set(id, 'failed');
      expect(schedule.state('all')).toBe('skipped');
    }
  });

  it('gives room by jobs, resources and type, and fills gaps with what fits', () => {
    const big = { resources: { cpu: 3, gpu: 0, memory: 1 } };
    const schedule = new Schedule(
      [task('a', [], big), task('b', [], big), task('c', [], { class: 'train', atMost: 1 }), task('d')],
      { jobs: 2, capacity },
    );
    queue(schedule);
    expect(startAll(schedule)).toEqual(['a', 'c']); // b has no processors left, d no job
    schedule.set('a', 'done');
    expect(startAll(schedule)).toEqual(['b']);
  });

  it('gives room in the order of the tasks, whichever was found first to be stale', () => {
    const schedule = new Schedule([task('a'), task('b'), task('c')], { jobs: 9, capacity });
    for (const id of ['c', 'a', 'b']) schedule.set(id, 'checking');
    for (const id of ['b', 'c', 'a']) schedule.set(id, 'queued');
    expect(schedule.in('queued')).toEqual(['a', 'b', 'c']);
    expect(startAll(schedule)).toEqual(['a', 'b', 'c']);
  });

  it('lets a stage that asks for more than there is run alone; an absent GPU counts as none', () => {
    const greedy = { resources: { cpu: 64, gpu: 2, memory: 1 } };
    const schedule = new Schedule([task('a', [], greedy), task('b')], { jobs: 4, capacity });
    queue(schedule);
    expect(startAll(schedule)).toEqual(['a']);
  });

  it('skips all that depends on a failure, and nothing else', () => {
    const schedule = new Schedule([task('a'), task('b', ['a']), task('c', ['b']), task('d')], {
      jobs: 4,
      capacity,
    });
    queue(schedule);
    startAll(schedule);
    expect(schedule.set('a', 'failed')).toEqual(['b', 'c']);
    expect(schedule.state('d')).toBe('running');
    expect(schedule.finished).toBe(false);
    schedule.set('d', 'done');
    expect(schedule.finished).toBe(true);
  });

  it('holds back what has not started when a stage that was done is done again', () => {
    const schedule = new Schedule([task('a'), task('b', ['a']), task('c', ['a'])], { jobs: 4, capacity });
    queue(schedule);
    startAll(schedule);
    schedule.set('a', 'done');
    schedule.set('b', 'checking');
    schedule.set('a', 'waiting');
    expect(schedule.state('a')).toBe('ready');
    expect(schedule.state('c')).toBe('waiting');
    schedule.set('b', 'queued'); // was being decided from the old outputs
    expect(schedule.state('b')).toBe('waiting');
  });

  it('refuses transitions that make no sense', () => {
    const schedule = new Schedule([task('a')], { jobs: 1, capacity });
    expect(() => schedule.set('a', 'running')).toThrow(
      'Internal error: stage "a" cannot go from ready to running',
    );
    expect(() => schedule.state('x')).toThrow('Internal error: there is no stage "x" in this run');
  });
});
