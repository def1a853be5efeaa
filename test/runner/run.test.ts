import { existsSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EngineChoice } from '../../src/contract/engine-name.ts';
import { groupIsAlive } from '../../src/runner/executor/process-group.ts';
import { isolated, puppet, single, tensors } from './fixtures/stage-types.ts';
import { rig, rigForEachTest } from './rig-for-each-test.ts';

rigForEachTest();

describe('a run', () => {
  it('runs every stage after its producers, and nothing the second time', async () => {
    rig.write('data.txt', 'data');
    const pipeline = {
      a: { type: puppet, settings: { text: 'a' }, inputs: { data: './data.txt' } },
      b: { type: puppet, settings: { text: 'b' }, inputs: { in: 'a' } },
      c: { type: puppet, settings: { text: 'c' }, inputs: { in: 'a' }, each: ['a', 'b'] },
    };
    const first = await rig.run(pipeline);
    expect(first.outcomes).toEqual({ a: 'ran', b: 'ran', c: 'ran' });
    expect(rig.output(first, 'c')).toBe('c+a+data+a+data+b+a+data');
    expect(first.summary).toMatchObject({ outcome: 'succeeded', counts: { ran: 3, hit: 0 } });

    const second = await rig.run(pipeline);
    expect(second.outcomes).toEqual({ a: 'hit', b: 'hit', c: 'hit' });
    expect(second.stage('c').outputs).toEqual(first.stage('c').outputs);
    expect(rig.attempts).toEqual([]);
  });

  it('fails only what reads a file that cannot be stored', async () => {
    mkdirSync(join(rig.directory, 'data'));
    symlinkSync('nowhere', join(rig.directory, 'data/link'));
    const run = await rig.run({
      reader: { type: puppet, settings: { text: 'a' }, inputs: { data: './data' } },
      after: { type: puppet, settings: { text: 'b' }, inputs: { in: 'reader' } },
      independent: { type: puppet, settings: { text: 'c' } },
    });
    expect(run.outcomes).toEqual({ reader: 'failed', after: 'skipped', independent: 'ran' });
    expect(run.stage('reader').error).toEqual({
      message: `Cannot store ${join(rig.directory, 'data/link')}: it is a symbolic link to nowhere, and there is nothing`,
      hint: 'Remove the link, or create its target.',
    });
    expect(run.summary.counts).toMatchObject({ failed: 1, skipped: 1, ran: 1 });
  });

  it('runs at the same time what does not depend on each other, up to `jobs`', async () => {
    const pipeline = Object.fromEntries(
      ['a', 'b', 'c'].map((id) => [id, { type: puppet, settings: rig.led(id) }]),
    );
    const run = rig.start(pipeline, { jobs: 2 });
    const [a, b] = [await rig.puppet('a'), await rig.puppet('b')]; // both run now
    expect(run.events.filter(({ type }) => type === 'stage-started')).toHaveLength(2);
    a.send({ do: 'finish' });
    const c = await rig.puppet('c');
    b.send({ do: 'finish' });
    c.send({ do: 'finish' });
    expect((await run.finished).summary.outcome).toBe('succeeded');
  });

  it('runs stages of a type with `atMost: 1` one after the other', async () => {
    const pipeline = Object.fromEntries(
      ['a', 'b'].map((id) => [id, { type: single, settings: rig.led(id) }]),
    );
    const run = rig.start(pipeline);
    const a = await rig.puppet('a');
    a.send({ do: 'finish' });
    (await rig.puppet('b')).send({ do: 'finish' });
    const { events } = await run.finished;
    const order = events.flatMap((event) =>
      event.type === 'stage-started' || event.type === 'stage-finished'
        ? [`${event.stage} ${event.type}`]
        : [],
    );
    expect(order).toEqual(['a stage-started', 'a stage-finished', 'b stage-started', 'b stage-finished']);
  });

  it('stops where a stage gives the same bytes as before', async () => {
    const pipeline = (text: string) => ({
      a: { type: puppet, settings: rig.led(text, 'a') },
      b: { type: puppet, settings: { text: 'b' }, inputs: { in: 'a' } },
    });
    const first = rig.start(pipeline('one'));
    (await rig.puppet('a')).send({ do: 'finish', text: 'same' });
    await first.finished;

    const second = rig.start(pipeline('two'));
    (await rig.puppet('a')).send({ do: 'finish', text: 'same' });
    expect((await second.finished).outcomes).toEqual({ a: 'ran', b: 'hit' });
    expect(
      second.events.find((event) => event.type === 'stage-planned' && event.stage === 'b'),
    ).toMatchObject({
      state: 'may-run',
      reason: { code: 'upstream', message: 'after a' },
    });
  });

  it('does an action once that two stages have in common', async () => {
    const run = rig.start({
      a: { type: puppet, settings: rig.led('same', 'first') },
      b: { type: puppet, settings: rig.led('same', 'second') },
    });
    (await rig.puppet('first')).send({ do: 'finish' });
    const finished = await run.finished;
    expect(finished.outcomes).toEqual({ a: 'ran', b: 'hit' });
    expect(finished.stage('b').outputs).toEqual(finished.stage('a').outputs);
  });

  it('runs a stage that is forced also where another is the same action', async () => {
    const pipeline = {
      a: { type: puppet, settings: { text: 'same' } },
      b: { type: puppet, settings: { text: 'same' } },
    };
    await rig.run(pipeline);
    expect((await rig.run(pipeline, { force: ['b'] })).outcomes).toEqual({ a: 'hit', b: 'ran' });
    expect((await rig.run(pipeline, { force: ['a', 'b'] })).outcomes).toEqual({ a: 'ran', b: 'hit' });
  });

  it('runs a stage that is forced, and what its new bytes change', async () => {
    const pipeline = {
      a: { type: puppet, settings: rig.led('a') },
      b: { type: puppet, settings: { text: 'b' }, inputs: { in: 'a' } },
    };
    const first = rig.start(pipeline);
    (await rig.puppet('a')).send({ do: 'finish', text: 'old' });
    await first.finished;

    const forced = rig.start(pipeline, { force: ['a'] });
    (await rig.puppet('a')).send({ do: 'finish', text: 'new' });
    const second = await forced.finished;
    expect(second.outcomes).toEqual({ a: 'ran', b: 'ran' });
    expect(rig.output(second, 'b')).toBe('b+new');
    expect(second.stage('a').reason).toEqual({ code: 'forced', message: 'forced' });
    expect((await rig.run(pipeline)).outcomes).toEqual({ a: 'hit', b: 'hit' });
  });

  it('leaves out what a target does not need', async () => {
    const pipeline = {
      a: { type: puppet, settings: { text: 'a' } },
      b: { type: puppet, settings: { text: 'b' }, inputs: { in: 'a' } },
      c: { type: puppet, settings: { text: 'c' } },
    };
    expect((await rig.run(pipeline, { only: ['b'] })).outcomes).toEqual({ a: 'ran', b: 'ran' });
    await expect(rig.run(pipeline, { only: ['train'] })).rejects.toThrow(
      'pipeline test has no stage `train`',
    );
  });

  it('passes on what a stage tells while it runs, and keeps its log', async () => {
    const pipeline = { a: { type: puppet, settings: rig.led('a') } };
    const run = rig.start(pipeline);
    const a = await rig.puppet('a');
    await a.order({ do: 'progress', times: 1000 });
    a.send({ do: 'finish' });
    const { events, stage } = await run.finished;
    const progress = events.filter((event) => event.type === 'stage-progress');
    expect(progress.length).toBeLessThan(100); // thinned out, and yet …
    expect(progress.at(-1)).toMatchObject({ stage: 'a', done: 1000, total: 1000, unit: 'items' });
    const told = events.map(({ time: _, ...event }) => event);
    expect(told).toContainEqual({ type: 'stage-log', stage: 'a', level: 'info', message: 'a line' });
    expect(told).toContainEqual({
      type: 'stage-log',
      stage: 'a',
      level: 'warning',
      message: 'a warning',
      hint: 'a hint',
    });
    expect(told).toContainEqual({ type: 'stage-metric', stage: 'a', name: 'speed', value: 2 });
    expect(told).toContainEqual({ type: 'stage-fact', stage: 'a', name: 'threads', value: 4 });
    expect(readFileSync(stage('a').log!, 'utf8')).toBe('a line\nwarning: a warning (a hint)\n');

    // What was measured belongs to the result.
    const second = await rig.run(pipeline);
    expect(second.stage('a')).toMatchObject({ outcome: 'hit', metrics: { speed: 2 } });
  });

  it('chooses an engine once, and only where a stage with tensors is stale', async () => {
    const choice: EngineChoice = { engine: 'cpu', requested: 'auto', reason: 'the only one', candidates: [] };
    let asked = 0;
    const chooseEngine = async () => {
      asked++;
      return choice;
    };
    const pipeline = {
      a: { type: tensors, settings: { text: 'a' } },
      b: { type: tensors, settings: { text: 'b' } },
    };
    const first = await rig.run(pipeline, { chooseEngine });
    expect(first.events.filter(({ type }) => type === 'engine-chosen')).toHaveLength(1);
    await rig.run(pipeline, { chooseEngine });
    expect(asked).toBe(1);
  });

  it('gives programs that are not ours copies of inputs and nothing of the environment but what is declared', async () => {
    rig.write('data.txt', 'data');
    const run = rig.start(
      {
        ours: { type: puppet, settings: rig.led('ours') },
        theirs: {
          type: isolated,
          settings: rig.led('theirs'),
          inputs: { data: './data.txt' },
          env: ['SEED'],
          secrets: ['TOKEN'],
        },
      },
      { environment: { PATH: process.env.PATH, SEED: '1', TOKEN: 'hidden', OTHER: 'x' } },
    );
    const [ours, theirs] = [await rig.puppet('ours'), await rig.puppet('theirs')];
    expect(ours.environment).toEqual(['OTHER', 'PATH', 'PIPE_ATTEMPT', 'SEED', 'TOKEN']);
    expect(theirs.environment).toEqual(['PATH', 'PIPE_ATTEMPT', 'SEED', 'TOKEN']);
    ours.send({ do: 'finish' });
    theirs.send({ do: 'finish' });
    const finished = await run.finished;
    expect(rig.output(finished, 'theirs')).toBe('theirs+data');
    expect(JSON.stringify(finished.events)).not.toContain('hidden');
  });
});

describe('a stage that fails', () => {
  it('stops only what depends on it, and says what, why, where and what next', async () => {
    const run = rig.start(
      {
        bad: { type: puppet, settings: rig.led('bad') },
        after: { type: puppet, settings: { text: 'x' }, inputs: { in: 'bad' } },
        later: { type: puppet, settings: { text: 'y' }, inputs: { in: 'after' } },
        good: { type: puppet, settings: { text: 'z' } },
      },
      { argv: ['run', 'my pipeline.yaml', '--set', 'epochs=3'] },
    );
    (await rig.puppet('bad')).send({ do: 'fail', message: 'no such model' });
    const { events, stage, outcomes, summary } = await run.finished;
    expect(outcomes).toEqual({ bad: 'failed', after: 'skipped', later: 'skipped', good: 'ran' });
    expect(stage('bad')).toMatchObject({
      reason: { code: 'failed', message: 'no such model' },
      error: { message: 'no such model', hint: 'Tell it to finish.' },
    });
    expect(readFileSync(stage('bad').log!, 'utf8')).toContain('error: no such model\nTell it to finish.');
    expect(stage('later').reason).toEqual({
      code: 'upstream-failed',
      message: 'after bad failed',
      after: ['bad'],
    });
    expect(summary.outcome).toBe('failed');
    expect(events.at(-1)).toMatchObject({
      type: 'run-finished',
      outcome: 'failed',
      counts: { ran: 1, failed: 1, skipped: 2, hit: 0, cancelled: 0 },
      next: "pipe run 'my pipeline.yaml' --set epochs=3",
    });
  });

  it('with a bug leaves its stack in the log', async () => {
    const run = rig.start({ a: { type: puppet, settings: rig.led('a') } });
    (await rig.puppet('a')).send({ do: 'crash' });
    const { stage } = await run.finished;
    expect(stage('a').error?.message).toBe('a bug of the stage');
    expect(readFileSync(stage('a').log!, 'utf8')).toMatch(/TypeError: a bug of the stage\n +at /);
  });

  it('is tried again as often as it may, and goes on from what it had done', async () => {
    const run = rig.start({ a: { type: puppet, settings: rig.led('a'), execution: { retries: 1 } } });
    const first = await rig.puppet('a');
    await first.order({ do: 'checkpoint', text: 'half' });
    first.send({ do: 'fail', message: 'a hiccup' });
    const second = await rig.puppet('a');
    expect(second.earlier).toEqual(['half']);
    second.send({ do: 'finish' });
    const { events, outcomes } = await run.finished;
    expect(outcomes).toEqual({ a: 'ran' });
    expect(events.find(({ type }) => type === 'stage-retrying')).toMatchObject({
      attempt: 2,
      of: 2,
      delay_ms: 1000,
      error: 'a hiccup',
    });
    expect(rig.attempts).toEqual([]);
  });

  it('begins afresh where it is forced, and then goes on from what that run has done', async () => {
    const pipeline = { a: { type: puppet, settings: rig.led('a'), execution: { retries: 1 } } };
    const run = rig.start({ a: { ...pipeline.a, execution: { retries: 0 } } });
    const first = await rig.puppet('a');
    await first.order({ do: 'checkpoint', text: 'of an earlier run' });
    first.send({ do: 'fail', message: 'power cut' });
    await run.finished;
    const forced = rig.start(pipeline, { force: ['a'] });
    const second = await rig.puppet('a');
    expect(second.earlier).toEqual([]);
    await second.order({ do: 'checkpoint', text: 'of this run' });
    second.send({ do: 'fail', message: 'a hiccup' });
    const third = await rig.puppet('a');
    expect(third.earlier).toEqual(['of this run']);
    third.send({ do: 'finish' });
    expect((await forced.finished).outcomes).toEqual({ a: 'ran' });
  });

  it('leaves its work to the next run, and nothing else', async () => {
    const pipeline = { a: { type: puppet, settings: rig.led('a') } };
    const run = rig.start(pipeline);
    const first = await rig.puppet('a');
    await first.order({ do: 'checkpoint', text: 'half' });
    first.send({ do: 'fail', message: 'power cut' });
    await run.finished;
    expect(rig.filesOfAttempt()).toEqual([
      'events.ndjson',
      'mark',
      'owner.json',
      'result.json',
      'spec.json',
      'work',
    ]);
    const next = rig.start(pipeline);
    const second = await rig.puppet('a');
    expect(second.earlier).toEqual(['half']);
    second.send({ do: 'finish' });
    expect((await next.finished).outcomes).toEqual({ a: 'ran' });
  });

  it('keeps its whole directory when failed attempts are to be kept, until the next run', async () => {
    const pipeline = { a: { type: puppet, settings: rig.led('a') } };
    const run = rig.start(pipeline, { keepFailed: true });
    (await rig.puppet('a')).send({ do: 'fail', message: 'power cut' });
    const { events } = await run.finished;
    expect(rig.filesOfAttempt()).toEqual(
      expect.arrayContaining(['outputs', 'result.json', 'scratch', 'spec.json', 'work']),
    );
    const kept = `the attempt is kept: ${rig.artifacts}`;
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'stage-log',
        level: 'warning',
        message: expect.stringContaining(kept),
      }),
    );
    const next = rig.start(pipeline);
    (await rig.puppet('a')).send({ do: 'finish' });
    await next.finished;
    expect(rig.attempts).toEqual([]);
  });

  it('leaves what a run removes that has something to do, a day after it was killed', async () => {
    const pipeline = (text: string) => ({ a: { type: puppet, settings: { text } } });
    await rig.run(pipeline('a'));
    const unfinished = join(rig.artifacts, 'cache/tmp/unfinished');
    writeFileSync(unfinished, 'half');
    const longAgo = new Date(Date.now() - 25 * 60 * 60 * 1000);
    utimesSync(unfinished, longAgo, longAgo);
    await rig.run(pipeline('a')); // must be quick: it looks at nothing that it does not need
    expect(existsSync(unfinished)).toBe(true);
    await rig.run(pipeline('another'));
    expect(existsSync(unfinished)).toBe(false);
  });

  it('is ended with its group when it takes longer than its timeout', async () => {
    const { stage } = await rig.run({
      a: { type: puppet, settings: rig.led('a'), execution: { timeout: 500 } }, // waits for orders for ever
    });
    expect(stage('a').error).toEqual({
      message: 'the stage took longer than its timeout of 0.5 s and was ended',
      hint: 'Raise `timeout`; checkpoints and finished items are kept, and the next run continues from them.',
    });
  });

  it('is told apart from one that died: by its result, not by its exit code', async () => {
    const run = rig.start({
      exits: { type: puppet, settings: rig.led('exits') },
      killed: { type: puppet, settings: rig.led('killed') },
    });
    (await rig.puppet('exits')).send({ do: 'exit', code: 0 });
    (await rig.puppet('killed')).send({ do: 'kill-self' });
    const { stage } = await run.finished;
    expect(stage('exits').error?.message).toBe(
      "the stage's process exited with code 0 and left no result; it last printed:\nlast words",
    );
    expect(stage('killed').error).toEqual({
      message: "the stage's process was ended by SIGKILL and left no result",
      hint: 'Was it out of memory? See `dmesg`, and try a smaller batch or a smaller model.',
    });
  });

  it('is one that does not write an output that it declares', async () => {
    const run = rig.start({ a: { type: puppet, settings: rig.led('a') } });
    (await rig.puppet('a')).send({ do: 'leave-without-output' });
    const { stage } = await run.finished;
    expect(stage('a').error?.message).toMatch(
      /^the stage ended without writing its output out \(.*out\.txt\)$/,
    );
    expect((await rig.plan({ a: { type: puppet, settings: { text: 'a' } } })).stages[0]?.state).toBe('run');
  });

  it('may leave processes behind: they are ended before its outputs are read', async () => {
    const run = rig.start({ a: { type: puppet, settings: rig.led('a') } });
    const a = await rig.puppet('a');
    await a.order({ do: 'start-grandchild' });
    a.send({ do: 'finish' });
    expect((await run.finished).outcomes).toEqual({ a: 'ran' });
    expect(groupIsAlive(a.pid)).toBe(false);
  });
});
