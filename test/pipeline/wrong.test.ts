import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PipelineError } from '../../src/pipeline/diagnostics/diagnostic.ts';
import { formatDiagnostics } from '../../src/pipeline/diagnostics/format-diagnostics.ts';
import { loadPipeline } from '../../src/pipeline/load.ts';
import { createValidators } from '../../src/pipeline/schema/compile-validators.ts';
import { stageTypes } from '../../src/stages/index.ts';

// Each folder of wrong/ is a pipeline that must be refused: pipeline.yaml, the lines of set.txt as `--set`, and
// in expected.txt all that a user then sees. WRITE_EXPECTED=1 writes the latter; read what it wrote.
const wrong = fileURLToPath(new URL('./wrong', import.meta.url));
const packageConfigs = fileURLToPath(new URL('../../configs', import.meta.url));
const validators = createValidators(stageTypes);

async function messageOf(folder: string): Promise<string> {
  const set = join(folder, 'set.txt');
  const overrides = existsSync(set) ? readFileSync(set, 'utf8').trimEnd().split('\n') : [];
  try {
    await loadPipeline(join(folder, 'pipeline.yaml'), { overrides, stageTypes, validators, packageConfigs });
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return `${formatDiagnostics(error, { directory: folder }).replaceAll(folder, '…')}\n`;
  }
  throw new Error('the pipeline was accepted');
}

describe('a wrong pipeline', () => {
  it.each(readdirSync(wrong))('%s', async (name) => {
    const folder = join(wrong, name);
    const expected = join(folder, 'expected.txt');
    const message = await messageOf(folder);
    if (process.env.WRITE_EXPECTED === '1') writeFileSync(expected, message);
    expect(message).toBe(readFileSync(expected, 'utf8'));
  });
});
