import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { isObject, type Json } from '../../src/contract/json.ts';
import { StageError } from '../../src/contract/stage-context.ts';
import { PipelineError } from '../../src/pipeline/diagnostics/diagnostic.ts';
import { loadPipeline } from '../../src/pipeline/load.ts';
import { createValidators } from '../../src/pipeline/schema/compile-validators.ts';
import { stageTypes } from '../../src/stages/index.ts';
import { renderPrompt, renderResponse } from '../../src/text/prompt/prompt-style.ts';
import type { PromptStyle } from '../../src/text/prompt/prompt-style-schema.ts';
import { freshDirectory, removeDirectories } from '../stages/run-stage.ts';
import { textDamage } from './damage.ts';
import { askPython, PYTHON, TRIES } from './python.ts';

/*
 * Nothing about settings and templates is silent: a pipeline file that somebody damaged is refused, or its settings and its
 * prompts are those that another reader finds in it (read_pipeline.py: ruamel.yaml and Jinja itself).
 */
const hasLibraries = spawnSync(PYTHON, ['-c', 'import jinja2, ruamel.yaml']).status === 0;
const validators = createValidators(stageTypes);
const packageConfigs = join(import.meta.dirname, '../../configs');

const ITEM = { instruction: 'Name a colour.', input: 'warm', output: 'red', system: '', history: [] };
const PIPELINE = `schema: 1
name: damaged
params: { learning_rate: 5.0e-5, epochs: 2 }
stages:
  format:
    uses: format
    inputs: { data: { file: ./data.json } }
    with:
      prompt:
        prompt: "### Instruction:\\n{{ instruction }}{% if input %}\\n\\n### Input:\\n{{ input }}{% endif %}\\n"
        response: |
          ### Response: {{ output }}
          {# the end #}
        header: "### Response:"
        stop: ["### Instruction:"]
  split:
    uses: split
    inputs: { records: format.records }
    with: { train: 0.85, test: 0.1 }
  tokenize:
    uses: tokenize
    inputs: { train: split.train, validation: split.validation }
    with: { encoding: bytes }
  pretrained:
    uses: pretrained
    with:
      source: random
      model: { n_layer: 2, n_head: 2, n_embd: 16, n_positions: 64, vocab_size: 257 }
  train:
    uses: train
    inputs: { train: tokenize.train, validation: tokenize.validation, model: pretrained.model }
    with:
      learning_rate: "\${params.learning_rate}"
      epochs: "\${params.epochs}"
      batch_size: 8
      weight_decay: 0.1
`;

interface Tried {
  readonly path: string;
  readonly refused?: string;
  readonly stages?: Readonly<Record<string, { uses: string; with: Json }>>;
  readonly prompt?: string;
  readonly response?: string;
}

interface Other {
  readonly refused?: string;
  readonly stages: Readonly<Record<string, { uses: string; with: Json }>>;
  readonly prompt: string;
  readonly response: string;
}

afterEach(removeDirectories);

describe.skipIf(!hasLibraries)(
  'a damaged pipeline file (PIPE_PYTHON with jinja2 and ruamel.yaml is the other reader)',
  () => {
    it('is refused, or says what another reader finds in it', { timeout: 1_800_000 }, async () => {
      const folder = freshDirectory();
      const seed = Number(process.env.PIPE_DAMAGE_SEED ?? 1);
      const cases = fc.sample(textDamage, { numRuns: TRIES, seed });
      const tried: Tried[] = [];
      for (const [index, damage] of cases.entries()) {
        mkdirSync(join(folder, String(index)), { recursive: true });
        const path = join(folder, String(index), 'pipeline.yaml');
        writeFileSync(join(folder, String(index), 'data.json'), '[]');
        writeFileSync(path, damage(Buffer.from(PIPELINE)));
        tried.push(await load(path));
      }
      const others = askPython<Other>(
        'read_pipeline.py',
        tried.map(({ path }) => ({ path, item: ITEM })),
      );
      const counts = { refused: 0, equal: 0 };
      const silent: unknown[] = [];
      for (const [index, one] of tried.entries()) {
        if (one.refused !== undefined) counts.refused += 1;
        else if (isSaidBy(one, others[index]!)) counts.equal += 1;
        else silent.push({ ...one, text: readFileSync(one.path, 'utf8'), other: others[index] });
      }
      expect(silent.slice(0, 3)).toEqual([]);
      console.log(`${TRIES} damaged pipelines: ${JSON.stringify(counts)}`);
      expect(counts.refused).toBeGreaterThan(TRIES / 10);
      expect(counts.equal).toBeGreaterThan(TRIES / 10);
    });
  },
);

async function load(path: string): Promise<Tried> {
  try {
    const pipeline = await loadPipeline(path, { overrides: [], stageTypes, validators, packageConfigs });
    const stages = Object.fromEntries(
      pipeline.stages.map(({ id, type, settings }) => [id, { uses: type.uses, with: settings as Json }]),
    );
    const style = (stages.format?.with as { prompt?: PromptStyle } | undefined)?.prompt;
    if (style === undefined) return { path, stages };
    return { path, stages, prompt: renderPrompt(style, ITEM), response: renderResponse(style, ITEM) };
  } catch (error) {
    if (error instanceof PipelineError || error instanceof StageError)
      return { path, refused: error.message };
    throw error;
  }
}

/** Whether every stage, setting and rendered text of the other reader is ours too; defaults may come on top. */
function isSaidBy({ stages, prompt, response }: Tried, other: Other): boolean {
  if (other.refused !== undefined || prompt !== other.prompt || response !== other.response) return false;
  const names = Object.keys(other.stages);
  return (
    names.length === Object.keys(stages!).length &&
    names.every((name) => {
      const [ours, theirs] = [stages![name], other.stages[name]!];
      return ours?.uses === theirs.uses && holds(ours.with, theirs.with);
    })
  );
}

function holds(ours: Json | undefined, theirs: Json): boolean {
  if (isObject(theirs) && isObject(ours))
    return Object.entries(theirs).every(([name, value]) => holds(ours[name], value as Json));
  return JSON.stringify(ours) === JSON.stringify(theirs);
}
