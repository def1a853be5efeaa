import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from '../rig.ts';

const PIPELINE = `schema: 1
name: answers
params: { text: a, deep: { list: [1, 2] } }
stages:
  judge:
    uses: judge
    inputs: { responses: { file: ./responses.json } }
    with: { judge: { kind: reference, label: equal, metric: exact_match } }
  page:
    uses: report
    inputs: { responses: { file: ./responses.json }, scores: judge.scores }
    with: { title: "\${params.text}" }
sweep: { text: [a, b] }
`;
const RESPONSES = JSON.stringify([{ instruction: '?', output: 'a', model_response: 'a' }]);

type Place = readonly (string | number)[];

/** Every place inside a JSON value. */
function placesIn(value: unknown, place: Place = []): Place[] {
  const inner = Object.entries(Object(value) === value ? (value as object) : {});
  return [
    ...(place.length > 0 ? [place] : []),
    ...inner.flatMap(([key, one]) => placesIn(one, [...place, key])),
  ];
}

/** A copy with another value at a place; undefined takes it out. */
function withChange(value: unknown, [key, ...rest]: Place, change: unknown): unknown {
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  const object = copy as Record<string | number, unknown>;
  object[key!] = rest.length === 0 ? change : withChange(object[key!], rest, change);
  return copy;
}

describe('a stored run in which any value is of another kind', () => {
  let project: Project;
  let run: string;
  /** The lines of `run.json`, as one, and of `events.ndjson`. */
  let sound: readonly unknown[];
  const fileOf = (line: number) =>
    project.path('artifacts', 'runs', run, line === 0 ? 'run.json' : 'events.ndjson');

  beforeAll(async () => {
    project = new Project({ 'x.yaml': PIPELINE, 'responses.json': RESPONSES });
    await project.run(['x.yaml']);
    [run] = readdirSync(project.path('artifacts', 'runs')) as [string];
    const events = readFileSync(fileOf(1), 'utf8').trimEnd().split('\n');
    sound = [readFileSync(fileOf(0), 'utf8'), ...events].map((text) => JSON.parse(text));
  }, 60_000);
  afterAll(() => project.remove());

  it('is shown as far as it is sound, or left out with a message, by every verb that reads runs', async () => {
    const cases = fc
      .nat()
      .map((number) => number % sound.length)
      .chain((line) =>
        fc.record({
          line: fc.constant(line),
          place: fc.constantFrom(...placesIn(sound[line])),
          change: fc.constantFrom<unknown>(undefined, null, 5, 'text', true, [], {}, [null]),
          verb: fc.constantFrom(
            ['runs'],
            ['show', run],
            ['diff', run, run],
            ['compare', run],
            ['export-runs', '--format', 'json', '--to', 'exported'],
            ['open', run],
            ['status'],
          ),
        }),
      );
    await fc.assert(
      fc.asyncProperty(cases, async ({ line, place, change, verb }) => {
        const lines = sound.map((value, at) =>
          JSON.stringify(at === line ? withChange(value, place, change) : value),
        );
        writeFileSync(fileOf(0), lines[0]!);
        writeFileSync(fileOf(1), `${lines.slice(1).join('\n')}\n`);
        const { code, stderr } = await project.pipe(verb, { PATH: '' });
        expect(stderr).not.toContain('internal error');
        expect([0, 2]).toContain(code);
      }),
      { numRuns: 80 },
    );
  }, 240_000);
});
