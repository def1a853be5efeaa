import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SPEC_VERSION, type StageSpec } from '../../../../src/contract/attempt/spec.ts';
import type { StageEvent } from '../../../../src/contract/attempt/stage-event.ts';
import { digestOfBytes } from '../../../../src/files/digest.ts';
import {
  encodeMessage,
  encodeOutcome,
  parseMessage,
  parseOutcome,
} from '../../../../src/runner/executor/through-store/outcome.ts';
import {
  eventLine,
  printedLine,
  ToldEvents,
  toldIn,
} from '../../../../src/runner/executor/through-store/told-lines.ts';

const spec: StageSpec = {
  spec: SPEC_VERSION,
  uses: 'command',
  key: 'k',
  attempt: 'a',
  settings: {},
  inputs: {},
  collections: {},
  outputs: {
    file: { artifact: 'file', path: '/a/file' },
    folder: { artifact: 'directory', path: '/a/folder' },
  },
  attemptDirectory: '/a',
  earlierWorkDirectories: [],
  itemsDirectory: '/items',
  secrets: [],
  engine: null,
};
const digest = digestOfBytes('x');
const order = digestOfBytes('order');
const outcome = {
  order,
  result: { result: 1, status: 'done', observed: {}, facts: {} },
  outputs: {
    file: { artifact: 'file', digest, bytes: 1, executable: true },
    folder: { artifact: 'directory', digest, bytes: 0 },
  },
  log: { digest, bytes: 3 },
  events: [{ time: 1, type: 'metric', name: 'loss', value: 0.5 }],
} as const;

describe('what a job says of itself', () => {
  it('is read as it was written, and fits into what Kubernetes keeps, whatever the error', () => {
    const problem = fc.record({
      message: fc.string({ unit: 'binary', maxLength: 9000 }),
      hint: fc.string({ maxLength: 9000 }),
    });
    fc.assert(
      fc.property(problem, (error) => {
        const text = encodeMessage({ error, refused: digest });
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
        const read = parseMessage(text);
        expect(read).toMatchObject({ refused: digest });
        if (JSON.stringify(error).length < 600) expect(read).toMatchObject({ error });
      }),
    );
    expect(parseMessage(encodeMessage({ outcome: { digest, bytes: 7 } }))).toEqual({
      outcome: { digest, bytes: 7 },
    });
  });

  it('is nothing if another program has written it', () => {
    fc.assert(fc.property(fc.string(), (text) => parseMessage(text) === undefined));
    for (const value of [
      null,
      [],
      { outcome: 'x' },
      { outcome: { digest: 'x', bytes: 1 } },
      { outcome: { digest, bytes: -1 } },
      { error: 'x' },
    ]) {
      expect(parseMessage(JSON.stringify(value))).toBeUndefined();
    }
  });
});

describe('the outcome of a job', () => {
  it('is read as it was written', () => {
    expect(parseOutcome(encodeOutcome(outcome), order, spec)).toEqual(outcome);
  });

  it.each([
    ['it is the outcome of another order', { ...outcome, order: digest }],
    ['it has no output folder', { ...outcome, outputs: { file: outcome.outputs.file } }],
    ['it has no output file', { ...outcome, outputs: { ...outcome.outputs, file: outcome.outputs.folder } }],
    ['it is no whole outcome', { ...outcome, log: { digest: '../../etc', bytes: 1 } }],
    ['it is no whole outcome', { ...outcome, result: { result: 1, status: 'done' } }],
  ])('is refused: %s', (why, wrong) => {
    expect(() => parseOutcome(JSON.stringify({ outcome: 1, ...wrong }), order, spec)).toThrow(why);
  });

  it('is refused if it is of another version of pipe', () => {
    expect(() => parseOutcome(JSON.stringify({ ...outcome, outcome: 2 }), order, spec)).toThrow(
      'no outcome of a known version',
    );
  });
});

describe('events in the output of a job', () => {
  const all: StageEvent[] = Array.from({ length: 8 }, (_, i) => ({
    time: i,
    type: 'log',
    message: `message ${i}`,
  }));
  const lines = all.map((event, number) => eventLine(number, event));

  it('come once and in order, whatever is read twice, too late or not at all', () => {
    const reads = fc.array(fc.record({ from: fc.nat(8), count: fc.nat(8) }), { maxLength: 6 });
    fc.assert(
      fc.property(reads, (parts) => {
        const told = new ToldEvents();
        const live = parts.flatMap(({ from, count }) =>
          lines.slice(from, from + count).flatMap((line) => told.take(toldIn(line)!) ?? []),
        );
        expect([...live, ...told.rest(all)]).toEqual(all);
      }),
    );
  });

  it('are never what the stage prints itself', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom(...lines)), (line) => {
        expect(toldIn(printedLine(line))).toBeUndefined();
      }),
    );
  });
});
