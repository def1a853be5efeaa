import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PipelineError } from '../../src/pipeline/diagnostics/diagnostic.ts';
import { formatDiagnostics } from '../../src/pipeline/diagnostics/format-diagnostics.ts';
import { processorTime } from '../processor-time.ts';
import { folderWith, load } from './fixture.ts';

/* Eight times as much text takes about eight times as long, and never 64 times, whatever is wrong with it. */

const HEAD = 'schema: 1\nname: growth\n';
const times = (count: number, piece: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => piece(index)).join('');
const stages = (count: number, body: (index: number) => string) =>
  `${HEAD}stages:\n${times(count, (n) => `  s${n}: { uses: gather, ${body(n)} }\n`)}`;
const stage = (text: string) =>
  `${HEAD}params: { v: 1 }\nstages: { a: { uses: source, with: { text: ${text} } } }\n`;

/** A pipeline of about n × 10 characters at least, and its `--set`. */
const KINDS: Readonly<Record<string, (n: number) => readonly [text: string, set?: readonly string[]]>> = {
  'a long wrong line': (n) => [`${stage('x')}wrong: ${'x y '.repeat(20 * n)}\n`],
  'a long text': (n) => [stage(`"${'echo a '.repeat(20 * n)}"`)],
  'a word of many dots': (n) => [stage(`"${'a.'.repeat(20 * n)}"`)],
  'unknown parameters': (n) => [stage(`"${times(n, (i) => `\${params.p${i}} `)}"`)],
  'known parameters': (n) => [stage(`"${times(4 * n, () => '${params.v} ')}"`)],
  'parameters that are no text': (n) => [
    stage(`"${times(n, () => '${params.v} ')}"`).replace('v: 1', 'v: [1]'),
  ],
  'open templates': (n) => [stage(`"${'${params.v '.repeat(n)}"`)],
  'brackets up to the limit': (n) => [stage(`${'['.repeat(n / 32)}${']'.repeat(n / 32)}`)],
  'brackets side by side': (n) => [stage(`[${'[],'.repeat(n)}]`)],
  'stages with a wrong key': (n) => [stages(n, () => 'wrong: 1')],
  'stages with a wrong setting': (n) => [stages(n, (i) => `with: { wrong${i}: 1 }`)],
  'stages that take what is not there': (n) => [stages(n, (i) => `inputs: { x: t${i}.page }`)],
  'stages of unknown types': (n) => [stages(n, () => 'with: {}').replaceAll('gather', 'gathers')],
  'stages that need each other': (n) => [
    stages(n, (i) => `inputs: { x: s${(i + 1) % n}.page, y: s${(i * 7) % n}.page }`),
  ],
  'a chain of stages': (n) => [stages(n, (i) => (i === 0 ? 'with: {}' : `inputs: { x: s${i - 1}.page }`))],
  'a chain of stages, the last first': (n) => [
    stages(n, (i) => (i === n - 1 ? 'with: {}' : `inputs: { x: s${i + 1}.page }`)),
  ],
  'inputs of one stage': (n) => [
    `${stages(1, () => 'with: {}')}  z:\n    uses: gather\n    inputs:\n${times(n, (i) => `      i${i}: s0.page\n`)}`,
  ],
  'duplicate keys': (n) => [`${HEAD}params:\n${times(n, () => '  a: 1\n')}`],
  'unknown keys': (n) => [`${stage('x')}${times(n, (i) => `k${i}: 1\n`)}`],
  'wrong lines': (n) => [`${HEAD}${times(n, (i) => `k${i}: a: b\n`)}`],
  documents: (n) => [`${HEAD}${'---\na: 1\n'.repeat(n)}`],
  'unknown aliases': (n) => [stage(`[${times(n, (i) => `*a${i}, `)}]`)],
  'URLs with passwords': (n) => [stage(`"${'http://u:p@h '.repeat(n)}"`)],
  'a long value of --set': (n) => [stage('x'), [`v=${'x '.repeat(20 * n)}`]],
  'a long list of --set': (n) => [stage('x'), [`v=[${'1,'.repeat(4 * n)}]`]],
  'a long wrong --set': (n) => [stage('x'), [`wrong${'x '.repeat(20 * n)}`]],
};

describe('a pipeline of eight times the size', () => {
  it.each(Object.entries(KINDS))('takes no 20 times as long: %s', { timeout: 60_000 }, async (_, kind) => {
    const folder = folderWith({});
    const took = async (n: number) => {
      const [text, set = []] = kind(n);
      writeFileSync(join(folder, 'pipeline.yaml'), text);
      return await processorTime(async () => {
        const outcome = await load(folder, set).catch((error: unknown) => error);
        if (outcome instanceof PipelineError) formatDiagnostics(outcome, { directory: folder });
        else if (outcome instanceof Error) throw outcome;
      });
    };
    await took(500);
    const short = Math.min(await took(500), await took(500));
    const long = Math.min(await took(4000), await took(4000));
    // What takes milliseconds only is no matter, and cannot be measured on a busy machine.
    expect(long).toBeLessThan(20 * short + 100);
  });

  it('may be 3 MB of thousands of right stages', { timeout: 60_000 }, async () => {
    const text = stages(
      20_000,
      (i) =>
        `inputs: { x: s${Math.max(0, i - 1)}.page }, with: { values: { note: some words that nobody reads at all, n: ${i}, more: "${'x'.repeat(40)}" } }`,
    );
    const valid = text.replace('inputs: { x: s0.page }, ', '');
    expect(valid.length).toBeGreaterThan(3e6);
    const folder = folderWith({ 'pipeline.yaml': valid });
    const took = await processorTime(async () => {
      expect((await load(folder)).stages).toHaveLength(20_000);
    });
    expect(took).toBeLessThan(30_000);
  });
});
