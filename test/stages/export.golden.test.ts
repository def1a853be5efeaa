import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../../src/engine/load-engine.ts';
import { loadModel } from '../../src/model/files/model-folder.ts';
import { SafetensorsFile } from '../../src/model/files/safetensors.ts';
import { exportStage } from '../../src/stages/export/export.ts';
import { tokenizerFor } from '../../src/text/tokenizer/tokenizer.ts';
import { writeExportedModel } from '../fixtures/exported-model.ts';
import { logits } from '../model/logits.ts';
import { freshDirectory, removeDirectories, runStage } from './run-stage.ts';

/* What `transformers` computes from the very files that the export stage writes: test/golden/export.py. */

interface Golden {
  readonly prompts: readonly (readonly number[])[];
  readonly text: string;
  readonly models: Readonly<
    Record<
      string,
      {
        readonly files: Readonly<Record<string, string>>;
        readonly parameters: number;
        readonly eos_token_id: number;
        readonly ids: readonly number[];
      }
    >
  >;
}

const GOLDEN = fileURLToPath(new URL('../golden/', import.meta.url));
/** Where to put the exported folders for export.py. */
const KEEP = process.env.PIPE_GOLDEN_EXPORTS;
const TOLERANCE = 1e-4;

let expectedLogits: SafetensorsFile;
beforeAll(async () => {
  await loadEngine('cpu');
  if (!KEEP) expectedLogits = await SafetensorsFile.open(join(GOLDEN, 'export.safetensors'));
});
afterAll(async () => {
  await expectedLogits?.close();
  removeDirectories();
});

describe('a model exported as a Hugging Face folder', () => {
  it.each([true, false].flatMap((tied) => (['F32', 'F16'] as const).map((type) => ({ tied, type }))))(
    'computes in transformers what it computes here: $type, head tied $tied',
    async ({ tied, type }) => {
      const source = await writeExportedModel(freshDirectory(), 'bytes', tied);
      const run = await runStage(exportStage, {
        with: { format: 'huggingface', quantization: type },
        inputs: { model: source },
      });
      const folder = run.outputs.model!;
      const name = `${tied ? 'tied' : 'untied'}-${type}`;
      if (KEEP) return cpSync(folder, join(KEEP, name), { recursive: true });

      const golden = JSON.parse(readFileSync(join(GOLDEN, 'export.json'), 'utf8')) as Golden;
      const expected = golden.models[name]!;
      const digests = Object.keys(expected.files).map((file) => [file, sha256(join(folder, file))]);
      expect(Object.fromEntries(digests), 'other files than transformers read: run export.py again').toEqual(
        expected.files,
      );
      const tokenizer = await tokenizerFor('bytes');
      expect([...tokenizer.encode(golden.text)]).toEqual(expected.ids);
      const file = (path: string) => (existsSync(join(folder, path)) ? join(folder, path) : undefined);
      const model = await loadModel({ file });
      for (const [i, prompt] of golden.prompts.entries()) {
        const ours = tf.tidy(() =>
          logits(model, tf.tensor2d([...prompt], [1, prompt.length], 'int32')).dataSync(),
        );
        const theirs = await expectedLogits.readFloats(`${name}/${i}`);
        const difference = Math.max(...ours.map((value, at) => Math.abs(value - theirs[at]!)));
        expect(difference, `logits of prompt ${i}`).toBeLessThan(TOLERANCE);
      }
      model.dispose();
    },
  );
});

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
