import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { readMetricsFile } from '../../../src/contract/own-metrics/metrics-file.ts';
import { command } from '../../../src/stages/command/command.ts';
import { removeDirectories, runStage } from '../run-stage.ts';

afterEach(removeDirectories);

const accuracy = { unit: 'of 1', better: 'higher', scale: { low: 0, high: 1 } };

/** Runs a script of a shell that says these lines on PIPE_EVENTS, and then does the rest. */
const saying = (lines: readonly string[], rest = ': > result.txt', metrics: object = {}) =>
  runStage(command, {
    with: {
      run: `cat >> "$PIPE_EVENTS" <<'END'\n${lines.join('\n')}\nEND\n${rest}`,
      outputs: { result: 'result.txt' },
      metrics,
    },
  });

describe('what a command says on the file that PIPE_EVENTS names', () => {
  it('becomes events of the stage, in their order', async () => {
    const run = await saying([
      '{"progress": 1, "total": 2, "unit": "epochs", "metrics": {"loss": 0.5}}',
      '{"log": "half"}',
      '',
      '{"warning": "two rows are empty", "hint": "Fill them."}',
      '{"metric": "rate", "value": 7}',
    ]);
    expect(run.events).toEqual([
      { type: 'progress', done: 1, total: 2, unit: 'epochs', metrics: { loss: 0.5 } },
      { type: 'log', message: 'half' },
      { type: 'warning', message: 'two rows are empty', hint: 'Fill them.', of_result: true },
      { type: 'metric', name: 'rate', value: 7 },
    ]);
  });

  it('gives the output `metrics`, which explains itself', async () => {
    const run = await saying(
      ['{"metric": "accuracy", "value": 0.5}', '{"metric": "accuracy", "value": 0.75}'],
      undefined,
      { accuracy },
    );
    expect(JSON.parse(readFileSync(run.outputs.metrics!, 'utf8'))).toEqual({
      metrics: [{ name: 'accuracy', ...accuracy, value: 0.75 }],
    });
    expect(await readMetricsFile(run.outputs.metrics!, 'accuracy')).toEqual({ value: 0.75 });
  });

  it('has the mean of the items as the value, and the same bytes in whatever order they come', async () => {
    const items = ['"b", "value": 1', '"a", "value": 0', '7, "value": null'].map(
      (item) => `{"metric": "accuracy", "item": ${item}}`,
    );
    const run = await saying(items, undefined, { accuracy });
    const other = await saying([...items].reverse(), undefined, { accuracy });
    expect(other.digests.metrics).toBe(run.digests.metrics);
    expect(await readMetricsFile(run.outputs.metrics!, 'accuracy')).toEqual({
      value: 0.5,
      items: new Map([
        ['7', null],
        ['a', 0],
        ['b', 1],
      ]),
    });
    expect(run.events.at(-1)).toEqual({ type: 'metric', name: 'accuracy', value: 0.5 });
  });

  it('keeps fifty warnings with the result, and the number of the others', async () => {
    const run = await saying(Array.from({ length: 60 }, (_, index) => `{"warning": "row ${index}"}`));
    const kept = run.events.filter((event) => event.type === 'warning' && event.of_result);
    expect(kept).toHaveLength(51);
    expect(kept.at(-1)).toMatchObject({ message: 'The command gave 10 more warnings; they are in its log.' });
  });

  it('ends the command at the first line that is not understood', async () => {
    const slow = saying(['{"log": "fine"}', '{"progres": 3}'], 'sleep 600');
    await expect(slow).rejects.toThrow(
      'Line 2 of the command\'s events is not understood, it has none of the keys progress, metric, warning, log: {"progres": 3}',
    );
  });

  it('takes a last line without its newline, unless it is cut', async () => {
    const whole = await saying([], `printf '{"log": "end"}' >> "$PIPE_EVENTS"; : > result.txt`);
    expect(whole.events).toEqual([{ type: 'log', message: 'end' }]);
    const cut = saying([], `printf '{"log": "en' >> "$PIPE_EVENTS"; : > result.txt`);
    await expect(cut).rejects.toThrow(
      'Line 2 of the command\'s events is not understood, it is no JSON: {"log": "en',
    );
    const crashed = saying([], `printf '{"log": "en' >> "$PIPE_EVENTS"; echo boom; exit 3`);
    await expect(crashed).rejects.toThrow('failed with exit code 3:\nboom');
  });

  it.each([
    ['emptied', ': > "$PIPE_EVENTS"'],
    ['replaced', 'echo "{}" > new; mv new "$PIPE_EVENTS"'],
    ['opened to write', 'echo \'{"log": "second"}\' > "$PIPE_EVENTS"'],
    ['removed', 'rm "$PIPE_EVENTS"'],
  ])('must not be %s', async (_, script) => {
    const run = saying(['{"log": "first"}'], `${script}; : > result.txt`);
    await expect(run).rejects.toThrow('emptied or replaced the file that PIPE_EVENTS names');
  });

  it('may come from several processes at once, each line by one write', async () => {
    const writer =
      'i=0; while [ $i -lt 50 ]; do echo "{\\"log\\": \\"$$ $i\\"}" >> "$PIPE_EVENTS"; i=$((i+1)); done';
    const run = await saying([], `(${writer}) & (${writer}) & wait; : > result.txt`);
    expect(run.events.filter(({ type }) => type === 'log')).toHaveLength(100);
  });

  it.each<[string, string[], string]>([
    [
      'is not reported',
      ['{"metric": "acuracy", "value": 1}'],
      'ended without reporting its metric `accuracy`',
    ],
    [
      'is outside of its scale',
      ['{"metric": "accuracy", "value": 2}'],
      'outside of the scale of `accuracy`, 0 to 1',
    ],
    [
      'has an item twice',
      ['{"metric": "accuracy", "item": "a", "value": 1}', '{"metric": "accuracy", "item": "a", "value": 1}'],
      'the item `a` of `accuracy` was reported before',
    ],
    [
      'has items and a value of its own',
      ['{"metric": "accuracy", "item": "a", "value": 1}', '{"metric": "accuracy", "value": 1}'],
      'has values of items and one without an item',
    ],
    [
      'has items, but is not declared',
      ['{"metric": "f1", "item": "a", "value": 1}'],
      '`f1` has values of items, but is not declared',
    ],
  ])('is an error where a metric %s', async (_, lines, message) => {
    await expect(saying(lines, undefined, { accuracy })).rejects.toThrow(message);
  });
});
