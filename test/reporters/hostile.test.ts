import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { chooseReporter, type ReporterName } from '../../src/reporters/choose-reporter.ts';
import type { RunEvent } from '../../src/runner/events/run-event.ts';
import { cachedRun, failedRun, ReadableOutput } from './recorded-run.ts';

/** What a terminal obeys, or what turns the direction of what follows. */
const FORBIDDEN = /(?![\n\t])\p{Cc}|[\u2028-\u202e\u2066-\u2069]/u;
/** What pipe colours with. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const OWN_COLOURS = /\x1b\[(1|2|22|31|32|33|36|39)m/g;

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\x1b[2J',
        '\x1b]0;title\x07',
        '\x1b]52;c;YQ==\x1b\\',
        '\x9b31m',
        '\x7f',
        '\r',
        '\u202e',
        '\u2066',
        '\u2028',
        '\x1b[31m',
        '\n',
        '\0',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => parts.join(''));

/** Every text of an event, its stage's name included, with something hostile in it. */
function poisoned(value: unknown, poison: string, key = ''): unknown {
  if (typeof value === 'string')
    return ['type', 'time', 'outcome', 'code', 'level'].includes(key) ? value : `${value}${poison}`;
  if (Array.isArray(value)) return value.map((item) => poisoned(item, poison, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, poisoned(inner, poison, name)]),
  );
}

async function shown(
  name: ReporterName,
  events: readonly RunEvent[],
  poison: string,
  coloured = false,
): Promise<string> {
  const output = new ReadableOutput({ isTTY: coloured });
  const reporter = chooseReporter(name, output, {});
  for (const event of events) reporter.report(poisoned(event, poison) as RunEvent);
  await reporter.close();
  return output.text;
}

afterEach(() => vi.unstubAllEnvs());

describe('hostile text', () => {
  it.each([
    ['plain', failedRun],
    ['github', failedRun],
    ['json', failedRun],
    // A tree that is drawn moves the cursor itself: a run of hits draws none.
    ['tree', cachedRun],
  ] as const)('reaches no stream through the %s reporter, colours or none', async (name, events) => {
    await fc.assert(
      fc.asyncProperty(hostile, fc.boolean(), async (poison, coloured) => {
        vi.stubEnv('FORCE_COLOR', coloured ? '1' : undefined);
        vi.stubEnv('NO_COLOR', coloured ? undefined : '1');
        const text = await shown(name, events, poison, coloured);
        expect(coloured ? text.replace(OWN_COLOURS, '') : text).not.toMatch(FORBIDDEN);
      }),
      { numRuns: 150 },
    );
  });

  it('can be read: what was there is named', async () => {
    expect(await shown('plain', failedRun, '\x1b[2J')).toContain('judge\\x1b[2J failed');
  });
});
