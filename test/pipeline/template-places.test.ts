import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { PipelineError } from '../../src/pipeline/diagnostics/diagnostic.ts';
import { loadPipeline } from '../../src/pipeline/load.ts';
import { createValidators } from '../../src/pipeline/schema/compile-validators.ts';
import { stageTypes } from '../../src/stages/index.ts';

const packageConfigs = fileURLToPath(new URL('../../configs', import.meta.url));
const validators = createValidators(stageTypes);
const folder = mkdtempSync(join(tmpdir(), 'pipe-templates-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NAMES = ['instruction', 'input', 'system', 'history'] as const;
/** What a template may hold around a name, with words that look like it. */
const piece = fc.constantFrom(
  'Text: ',
  '\n\n### Instruction:\n',
  'instruction ',
  '{# input #}',
  "{{ 'input' }}",
  '{{ instruction }}',
  '\n  indented\n',
  'Größe 😀 ',
  'it\'s "quoted" ',
);
/** The ways in which YAML writes a text. */
const form = fc.constantFrom(
  'BLOCK_LITERAL',
  'BLOCK_FOLDED',
  'QUOTE_DOUBLE',
  'QUOTE_SINGLE',
  'PLAIN',
) as fc.Arbitrary<'BLOCK_LITERAL' | 'BLOCK_FOLDED' | 'QUOTE_DOUBLE' | 'QUOTE_SINGLE' | 'PLAIN'>;

async function placesIn(source: string): Promise<readonly { words: string; offset: number }[]> {
  const file = join(folder, 'pipeline.yaml');
  writeFileSync(file, source);
  const options = { overrides: [], stageTypes, validators, packageConfigs };
  const error = await loadPipeline(file, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PipelineError)) throw error ?? new Error('it was accepted');
  return error.diagnostics.map(({ place }) => ({
    words: source.slice(place.offset, place.offset + place.length),
    offset: place.offset,
  }));
}

it('property: a slip of one letter in a variable is shown at its own place, however YAML writes the template', async () => {
  const around = fc.array(piece, { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...NAMES),
      fc.nat(),
      around,
      around,
      form,
      async (name, at, before, after, as) => {
        const place = at % name.length;
        const slip = `${name.slice(0, place)}x${name.slice(place + 1)}`;
        const template = `{{ instruction }}${before.join('')}{{ ${slip} | trim }}${after.join('')}.`;
        const style = { prompt: template, response: '{{ output }}', header: '' };
        const stages = {
          format: { uses: 'format', inputs: { data: { file: './pipeline.yaml' } }, with: { prompt: style } },
        };
        const source = stringify(
          { schema: 1, name: 'slips', stages },
          { defaultStringType: as, lineWidth: 60 },
        );
        const found = await placesIn(source);
        expect(found.map(({ words }) => words)).toEqual([slip]);
        expect(found[0]!.offset).toBe(source.indexOf(slip));
      },
    ),
    { numRuns: 200 },
  );
});
