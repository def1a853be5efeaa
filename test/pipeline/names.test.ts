import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PipelineError } from '../../src/pipeline/diagnostics/diagnostic.ts';
import { formatDiagnostics } from '../../src/pipeline/diagnostics/format-diagnostics.ts';
import { loadText } from './fixture.ts';

const prototypeName = fc.constantFrom(
  ...Object.getOwnPropertyNames(Object.prototype),
  ...['prototype', 'then', 'length', 'name'],
);
const hostileName = fc.oneof(
  prototypeName,
  fc.constantFrom('..', '../../x', '/etc/passwd', 'a/b', 'a\\b', '.', '', ' ', 'a\0b', '\u001b]0;x\u0007'),
  fc.constantFrom(
    '\u202eabc',
    'а',
    'ﬁ',
    'é',
    '%2e%2e',
    'a\nb',
    '~',
    'x'.repeat(1e6),
    '数'.repeat(300),
    '-',
    '<<',
  ),
  fc.string({ unit: 'binary', maxLength: 300 }).filter((text) => text.isWellFormed()),
);

/** A pipeline in which a name stands in each place where a user may put one. */
const KINDS: Readonly<Record<string, (name: string) => string>> = {
  stage: (name) => `stages: { ${name}: { uses: source }, b: { uses: gather, inputs: { x: b.text } } }`,
  input: (name) => `stages: { a: { uses: source }, b: { uses: gather, inputs: { ${name}: a.text } } }`,
  param: (name) => `params: { ${name}: 1 }\nstages: { a: { uses: source } }`,
  axis: (name) => `params: { ${name}: x }\nsweep: { ${name}: [y] }\nstages: { a: { uses: source } }`,
  'unknown axis': (name) => `sweep: { ${name}: [y] }\nstages: { a: { uses: source } }`,
  output: (name) => `stages: { a: { uses: source }, b: { uses: gather, inputs: { x: ${name} } } }`,
  setting: (name) => `stages: { a: { uses: source, with: { ${name}: 1 } } }`,
  variable: (name) => `stages: { a: { uses: source, env: [${name}], secrets: [${name}] } }`,
  type: (name) => `stages: { a: { uses: ${name} } }`,
  piece: (name) =>
    `stages: { a: { uses: source }, b: { uses: learn, inputs: { text: a.text }, with: { style: ${name} } } }`,
  key: (name) => `${name}: 1\nstages: { a: { uses: source } }`,
  'pipeline name': (name) => `description: ${name}\nstages: { a: { uses: source, timeout: ${name} } }`,
};

describe.each(Object.entries(KINDS))('a hostile name of kind %s', (_, pipelineOf) => {
  it('is refused in words that can be shown, or works', { timeout: 60_000 }, async () => {
    const check = async (name: string) => {
      // An escape for all that is not ASCII or that a line of YAML ends at.
      const written = JSON.stringify(name).replace(
        /[\u007f-\uffff]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
      try {
        await loadText(pipelineOf(written));
      } catch (error) {
        if (!(error instanceof PipelineError)) throw error;
        const text = formatDiagnostics(error, { directory: '/' });
        expect(text.length).toBeLessThan(20_000);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: it must not occur
        expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }
    };
    await fc.assert(fc.asyncProperty(hostileName, check), { numRuns: 60 });
    await fc.assert(fc.asyncProperty(prototypeName, check), { numRuns: 20 });
  });
});

describe('the name of an input', () => {
  const load = (name: string) =>
    loadText(
      `stages: { a: { uses: source }, b: { uses: gather, inputs: { ${JSON.stringify(name)}: a.text } } }`,
    );

  it.each(['config.json', '2024-train', '_x', 'constructor', '__proto__', 'a'.repeat(200)])(
    'may be %s',
    async (name) => {
      const { stages } = await load(name);
      expect(Object.keys(stages[1]!.inputs)).toEqual([name]);
    },
  );

  it.each(['../x', '..', '.x', 'a/b', '', 'a b', 'é', 'a'.repeat(201)])('cannot be %s', async (name) => {
    await expect(load(name)).rejects.toThrow(/cannot be a name in `inputs`/);
  });
});

describe('a number inside a text', () => {
  const load = (value: string) =>
    loadText(`params: { v: ${value} }\nstages: { a: { uses: source, with: { text: "v=\${params.v}" } } }`);

  it.each(['3.10', '0644', '1e5', '0x1F', '.5', '+1', '1.0', 'True'])('cannot be %s', async (value) => {
    await expect(load(value)).rejects.toThrow(`${value} is read as`);
    await expect(load(`"${value}"`)).resolves.toBeDefined();
  });

  it.each(['1e-4', '5.0e-5', '3.1', '-2', 'true', '1_000'])('may be %s', async (value) => {
    await expect(load(value)).resolves.toBeDefined();
  });

  it('is refused from the command line as well', async () => {
    const file = 'params: { v: 1 }\nstages: { a: { uses: source, with: { text: "v=${params.v}" } } }';
    await expect(loadText(file, ['v=3.10'])).rejects.toThrow('3.10 is read as');
  });
});
