import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadLine, type ProgramEvent, parseProgramEvent } from '../../../src/stages/command/program-event.ts';

const amount = fc.double({ min: 0, max: 1e9, noNaN: true }).map((value) => value + 0); // no -0, which JSON does not have
const text = fc.string({ unit: 'grapheme' });
const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,20}$/);
const value = fc.oneof(
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
);

/** A line, and the event that it is. */
const lines: fc.Arbitrary<readonly [object, ProgramEvent]> = fc.oneof(
  fc.tuple(amount, amount, text, fc.dictionary(name, fc.oneof(amount, text))).map(([a, b, unit, metrics]) => {
    const [done, total] = a < b ? [a, b] : [b, a];
    return [
      { progress: done, total, unit, metrics },
      { type: 'progress', done, total, unit, metrics },
    ] as const;
  }),
  amount.map((done) => [{ progress: done }, { type: 'progress', done, total: null, unit: 'steps' }] as const),
  fc.tuple(name, value).map(
    ([metric, value]) =>
      [
        { metric, value },
        { type: 'metric', name: metric, value },
      ] as const,
  ),
  fc.tuple(name, value, fc.oneof(text, fc.integer())).map(
    ([metric, value, item]) =>
      [
        { metric, value, item },
        { type: 'metric', name: metric, value, item: String(item) },
      ] as const,
  ),
  fc
    .tuple(fc.constantFrom('warning', 'warn'), text)
    .map(([key, message]) => [{ [key]: message }, { type: 'warning', message }] as const),
  text.map((message) => [{ log: message }, { type: 'log', message }] as const),
);

describe('a line of a program', () => {
  it('is the event that it says, whatever the order of its keys', () => {
    fc.assert(
      fc.property(lines, fc.boolean(), ([line, event], reversed) => {
        const entries = Object.entries(line);
        const written = JSON.stringify(Object.fromEntries(reversed ? entries.reverse() : entries));
        expect(parseProgramEvent(written)).toEqual(event);
      }),
    );
  });

  it('is refused with a reason, and by nothing else than a reason, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          lines.map(([line]) => JSON.stringify(line).slice(0, -1)),
        ),
        (line) => {
          try {
            parseProgramEvent(line);
          } catch (error) {
            expect(error).toBeInstanceOf(BadLine);
          }
        },
      ),
    );
  });

  it.each([
    ['{"metric": "loss", "value": NaN}', 'JSON has no NaN; write null'],
    ['{"metric": "loss", "value": 1e999}', '`value` must be a number, or null'],
    ['{"metric": "loss"}', '`value` must be a number, or null'],
    ['{"metric": "a b", "value": 1}', '`metric` must be a name: up to 200 letters, digits, `_`, `.` and `-`'],
    ['{"metric": "a", "value": 1, "item": null}', '`item` must be a text or a number'],
    ['{"progress": -1}', '`progress` must be a number of at least 0'],
    ['{"progress": 3, "total": 2}', '`progress` is 3, more than `total`, 2'],
    ['{"progress": 1, "metrics": {"loss": null}}', '`metrics` must be an object of numbers and texts'],
    [
      '{"progress": 1, "loss": 2}',
      'it has the unknown key `loss`; with `progress` there may be total, unit, metrics',
    ],
    ['{"log": "a", "warning": "b"}', 'it has both `warning` and `log`'],
    ['{"message": "a"}', 'it has none of the keys progress, metric, warning, log'],
    ['{"log": 3}', '`log` must be a text'],
    ['[1]', 'it is no JSON object'],
    ['epoch 1', 'it is no JSON'],
  ])('%s is refused: %s', (line, reason) => {
    expect(() => parseProgramEvent(line)).toThrow(reason);
  });
});
