import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { StageError } from '../../src/contract/stage-context.ts';
import { format } from '../../src/stages/format/format.ts';
import { freshDirectory, removeDirectories, runStage } from '../stages/run-stage.ts';
import { damage, FORMS, type Form, items, slip } from './damage.ts';
import { askPython, PYTHON, TRIES } from './python.ts';

/*
 * Nothing about data is silent: a file that somebody damaged is refused, or what is wrong is said, or its records are those
 * that another reader finds in it, one that knows nothing of pipe (read_data.py). `npm run damage` tries 5,000 files.
 */
const hasPython = spawnSync(PYTHON, ['-c', '']).status === 0;

const STYLE = { prompt: '{{ instruction }}\n{{ input }}', response: '{{ output }}', header: '', stop: [] };

/** The form by which the other reader reads a file. */
const READ_AS: Readonly<Record<Form, string>> = {
  json: 'json',
  'wrapped json': 'json',
  'columns of pandas': 'json',
  jsonl: 'jsonl',
  csv: 'csv',
  tsv: 'tsv',
  messages: 'jsonl',
  ShareGPT: 'jsonl',
};

interface Tried {
  readonly path: string;
  readonly form: Form;
  readonly refused?: string;
  readonly items?: readonly (readonly string[])[];
  readonly warnings: readonly string[];
}

afterEach(removeDirectories);

describe.skipIf(!hasPython)('a damaged data file (python3, or PIPE_PYTHON, is the other reader)', () => {
  it('is refused, is warned of, or holds what another reader finds in it', {
    timeout: 1_800_000,
  }, async () => {
    const folder = freshDirectory();
    mkdirSync(folder, { recursive: true });
    const cases = fc.sample(
      fc.record({ rows: items, form: fc.constantFrom(...(Object.keys(FORMS) as Form[])), slip, damage }),
      { numRuns: TRIES, seed: Number(process.env.PIPE_DAMAGE_SEED ?? 1) },
    );
    const tried: Tried[] = [];
    for (const [index, { rows, form, slip, damage }] of cases.entries()) {
      const path = join(folder, `${index}.data`);
      writeFileSync(path, damage(Buffer.from(FORMS[form](slip(rows)))));
      tried.push(await tryFormat(path, form));
    }
    const others = askPython<{ items?: unknown[] }>(
      'read_data.py',
      tried.map(({ path, form }) => ({ path, form: READ_AS[form] })),
    );
    const counts = { refused: 0, warned: 0, equal: 0 };
    const silent: unknown[] = [];
    for (const [index, one] of tried.entries()) {
      const other = others[index]!;
      const isEqual = other.items !== undefined && JSON.stringify(other.items) === JSON.stringify(one.items);
      if (one.refused !== undefined) counts.refused += 1;
      else if (isEqual) counts.equal += 1;
      else if (one.warnings.length > 0) counts.warned += 1;
      else silent.push({ ...one, text: readFileSync(one.path, 'utf8'), other });
    }
    expect(silent.slice(0, 5)).toEqual([]);
    console.log(`${TRIES} damaged files: ${JSON.stringify(counts)}`);
    // Otherwise nothing was tried.
    expect(counts.refused).toBeGreaterThan(TRIES / 10);
    expect(counts.equal).toBeGreaterThan(TRIES / 10);
  });
});

async function tryFormat(path: string, form: Form): Promise<Tried> {
  try {
    const { outputs, events } = await runStage(format, { with: { prompt: STYLE }, inputs: { data: path } });
    const lines = readFileSync(outputs.records!, 'utf8').split('\n').filter(Boolean);
    const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    const records = lines.map((line) => JSON.parse(line));
    return {
      path,
      form,
      items: records.map(({ instruction, input, output }) => [instruction, input, output]),
      warnings,
    };
  } catch (error) {
    if (error instanceof StageError) return { path, form, refused: error.message, warnings: [] };
    throw error;
  }
}
