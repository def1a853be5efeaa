import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PipelineError } from '../../src/pipeline/diagnostics/diagnostic.ts';
import { formatDiagnostics } from '../../src/pipeline/diagnostics/format-diagnostics.ts';
import { loadPipeline } from '../../src/pipeline/load.ts';
import { createValidators } from '../../src/pipeline/schema/compile-validators.ts';
import { stageTypes } from '../../src/stages/index.ts';
import { mutated } from './mutations.ts';

/* Shipped pipelines after slips of every kind: each loads, or is refused with places and words that can be printed. */

/** Cases of each property; more through `npm run fuzz`. */
const RUNS = Number(process.env.PIPE_FUZZ_RUNS ?? 300);

const root = fileURLToPath(new URL('../..', import.meta.url));
const shipped = readdirSync(join(root, 'pipelines'))
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => [name, readFileSync(join(root, 'pipelines', name), 'utf8')] as const);
const validators = createValidators(stageTypes);
/** The slowest shipped pipeline takes 30 ms; a busy machine may take many times as long. */
const MOST_MILLISECONDS = 5000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-fuzz-'));
  cpSync(join(root, 'pipelines'), join(folder, 'pipelines'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{}');
});
afterAll(() => rmSync(folder, { recursive: true }));

type Change = (text: string) => string;
const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const at = <T>(items: readonly T[], fraction: number) => Math.floor(fraction * items.length);

const hostileValue = fc.oneof(
  fc.constantFrom(
    'null',
    '~',
    '',
    '[]',
    '{}',
    '[[]]',
    '{a: {}}',
    'true',
    '-0',
    '1e400',
    '.inf',
    '0x1F',
    '1_000',
  ),
  fc.constantFrom(
    '-1',
    '0',
    '9007199254740993',
    '1e21',
    '5e-324',
    '3.10',
    '0644',
    '"\\ud800"',
    '"\\0"',
    "''",
  ),
  fc.constantFrom(
    '*a',
    '&a x',
    '!!binary x',
    '!x y',
    '|',
    '>-',
    '? a',
    '<<',
    '- - -',
    '%',
    '@',
    '`',
    '---',
    '...',
  ),
  fc.constantFrom('${', '${params}', '${params.}', '${params.x', '$${', '${}', '${params.learning_rate.x.y}'),
  fc.constantFrom(
    '__proto__',
    'constructor',
    '../..',
    '/dev/null',
    '/',
    '.',
    './',
    'a.b',
    'split.',
    '.train',
  ),
  fc.constantFrom(
    '"\\u202e\\u001b[2J"',
    '数',
    '👩‍👩‍👧',
    'http://u:p@h',
    '{use: gpt2}',
    '{file: .}',
    '{each: train.model}',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

/** A change to the lines of a text. */
const ofLines = (change: (lines: string[], a: number, b: number) => void) =>
  fc.tuple(place, place).map(
    ([a, b]): Change =>
      (text) => {
        const lines = text.split('\n');
        change(lines, at(lines, a), at(lines, b));
        return lines.join('\n');
      },
  );

/** A change to the words and signs of a text. */
const ofTokens = (change: (tokens: string[], a: number, b: number) => void) =>
  fc.tuple(place, place).map(
    ([a, b]): Change =>
      (text) => {
        const tokens = text.split(/(\s+|[[\]{},:"'#&*.$-])/);
        change(tokens, at(tokens, a), at(tokens, b));
        return tokens.join('');
      },
  );

const change: fc.Arbitrary<Change> = fc.oneof(
  ofLines((lines, a, b) => lines.splice(b, 0, lines[a]!)),
  ofLines((lines, a) => lines.splice(a, 1)),
  ofLines((lines, a, b) => {
    [lines[a], lines[b]] = [lines[b]!, lines[a]!];
  }),
  fc.integer({ min: -8, max: 8 }).chain((by) =>
    ofLines((lines, a) => {
      const line = lines[a]!;
      lines[a] = by < 0 ? line.replace(new RegExp(`^ {0,${-by}}`), '') : ' '.repeat(by) + line;
    }),
  ),
  ofLines((lines, a) => {
    lines[a] = lines[a]!.replace(/^ /, '\t');
  }),
  ofTokens((tokens, a, b) => {
    [tokens[a], tokens[b]] = [tokens[b]!, tokens[a]!];
  }),
  ofTokens((tokens, a, b) => tokens.splice(b, 0, tokens[a]!)),
  ofTokens((tokens, a) => tokens.splice(a, 1)),
  hostileValue.chain((value) =>
    ofTokens((tokens, a) => {
      tokens[a] = value;
    }),
  ),
  hostileValue.chain((value) =>
    ofLines((lines, a) => {
      lines[a] = lines[a]!.replace(/: .*/, () => `: ${value}`);
    }),
  ),
  hostileValue.chain((key) =>
    ofLines((lines, a) => {
      lines[a] = lines[a]!.replace(/[\w-]+:/, () => `${key}:`);
    }),
  ),
);

const changed = fc
  .tuple(fc.constantFrom(...shipped), fc.array(change, { minLength: 1, maxLength: 5 }))
  .map(([[, text], changes]) => changes.reduce((text, change) => change(text), text));

const path = () => join(folder, 'pipelines', 'changed.yaml');

/** Loads a text as a pipeline; gives whether it was taken. Fails where it is refused in any way but in words. */
async function load(bytes: string | Buffer, overrides: readonly string[] = []): Promise<boolean> {
  writeFileSync(path(), bytes);
  const started = performance.now();
  try {
    const { stages } = await loadPipeline(path(), {
      ...{ overrides, stageTypes, validators },
      packageConfigs: join(root, 'configs'),
    });
    expect(stages.length).toBeGreaterThan(0);
    return true;
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    expect(error.diagnostics.length).toBeGreaterThan(0);
    for (const { place, related = [] } of error.diagnostics)
      for (const { offset, length, file } of [place, ...related.map(({ place }) => place)]) {
        expect(length).toBeGreaterThan(0);
        expect(offset).toBeGreaterThanOrEqual(0);
        expect(offset).toBeLessThanOrEqual(error.sources.get(file)?.length ?? 0);
      }
    const text = formatDiagnostics(error, { directory: folder });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it must not occur
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    expect(text).not.toMatch(/undefined|\[object Object|NaN/);
    expect(text.length).toBeLessThan(100_000);
    return false;
  } finally {
    expect(performance.now() - started).toBeLessThan(MOST_MILLISECONDS);
  }
}

/** Loads many; gives how many were taken. */
async function loadMany(texts: fc.Arbitrary<string | Buffer>): Promise<number> {
  let taken = 0;
  const check = async (text: string | Buffer) => {
    if (await load(text)) taken++;
  };
  await fc.assert(fc.asyncProperty(texts, check), { numRuns: RUNS });
  return taken;
}

describe(`of ${RUNS} changed pipelines, each loads or is refused in words`, {
  timeout: 60_000 + 50 * RUNS,
}, () => {
  it('after slips of an editor', async () => {
    const taken = await loadMany(changed);
    expect(taken).toBeGreaterThan(RUNS / 100);
    expect(taken).toBeLessThan(RUNS);
  });

  it('after damage to its bytes', async () => {
    const damaged = fc.constantFrom(...shipped).chain(([, text]) => mutated(Buffer.from(text)));
    expect(await loadMany(damaged)).toBeLessThan(RUNS);
  });

  it('after hostile overrides', async () => {
    const [, text] = shipped[0]!;
    const names = text.match(/\w+(?=:)/g)!;
    const key = fc
      .array(
        fc.oneof(
          fc.constantFrom(...names, 'params', 'stages', 'sweep', 'with', '0', 'extends'),
          hostileValue,
        ),
        {
          minLength: 1,
          maxLength: 5,
        },
      )
      .map((steps) => steps.join('.'));
    const override = fc.oneof(
      fc.tuple(key, hostileValue).map((parts) => parts.join('=')),
      hostileValue,
    );
    const check = async (overrides: string[]) => void (await load(text, overrides));
    await fc.assert(fc.asyncProperty(fc.array(override, { minLength: 1, maxLength: 4 }), check), {
      numRuns: RUNS,
    });
  });
});
