import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SettingsSchema } from '../../src/contract/settings.ts';
import type { StageType } from '../../src/contract/stage-type.ts';
import { writeModelFolder } from '../../src/model/files/model-folder.ts';
import { randomWeights } from '../../src/model/network/random-weights.ts';
import { download } from '../../src/stages/download/download.ts';
import { dpo } from '../../src/stages/dpo/dpo.ts';
import { generate } from '../../src/stages/generate/generate.ts';
import { train } from '../../src/stages/train/train.ts';
import { mutated } from '../fuzz/mutations.ts';
import { type FileServer, startFileServer } from '../servers/file-server.ts';
import { PAIRS, writeRecords } from './preference-pairs.ts';
import {
  freshDirectory,
  removeDirectories,
  runStage,
  type StageRunEvent,
  type StageRunOptions,
} from './run-stage.ts';
import { TINY_BYTES, writeTrainInputs } from './train-inputs.ts';

// The judge's work is tried next to the format of its file (test/files/journal.test.ts).

const RUNS = Number(process.env.PIPE_DAMAGE_RUNS ?? 15);

let server: FileServer;
const CONTENT = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * i) % 251));
beforeAll(async () => {
  server = await startFileServer(
    new Map([
      ['data.bin', CONTENT],
      ['more.bin', CONTENT.subarray(7)],
    ]),
  );
});
afterAll(async () => {
  await server.close();
  removeDirectories();
});

const filesOf = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(directory, path)).isFile())
    .sort();

/** What a crash, a disk or somebody can make of the files that an attempt left. */
const damage = (work: string): fc.Arbitrary<(copy: string) => void> => {
  const files = filesOf(work);
  const any = fc.constantFrom(...files);
  return fc.oneof(
    {
      weight: 6,
      arbitrary: any.chain((file) =>
        mutated(readFileSync(join(work, file))).map(
          (bytes) => (copy: string) => writeFileSync(join(copy, file), bytes),
        ),
      ),
    },
    any.map((file) => (copy: string) => rmSync(join(copy, file))),
    any.map((file) => (copy: string) => {
      rmSync(join(copy, file));
      mkdirSync(join(copy, file));
    }),
    any.map(
      (file) => (copy: string) =>
        writeFileSync(join(copy, file), Buffer.alloc(statSync(join(work, file)).size)),
    ),
    fc.tuple(any, any).map(
      ([from, to]) =>
        (copy: string) =>
          writeFileSync(join(copy, to), readFileSync(join(work, from))),
    ),
    any.map((file) => (copy: string) => writeFileSync(join(copy, `${file}.more`), 'of somebody else')),
  );
};

/** Runs a stage until something is told, which cancels it, and returns what its attempt left. */
async function leftBy<Schema extends SettingsSchema>(
  type: StageType<Schema>,
  options: StageRunOptions,
  moment: (event: StageRunEvent) => boolean,
): Promise<string> {
  const directory = freshDirectory();
  const controller = new AbortController();
  const cancelled = runStage(type, {
    ...options,
    directory,
    signal: controller.signal,
    onEvent: (event) => {
      if (moment(event)) controller.abort(new Error('cancelled'));
    },
  });
  await expect(cancelled).rejects.toThrow('cancelled');
  return join(directory, 'work');
}

/** Whatever happened to the work of a dead attempt, the next one gives the bytes of an undisturbed one. */
async function expectSameResult<Schema extends SettingsSchema>(
  type: StageType<Schema>,
  options: StageRunOptions,
  work: string,
): Promise<void> {
  const undisturbed = await runStage(type, options);
  let nth = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(damage(work), { minLength: 1, maxLength: 3 }), async (damages) => {
      const copy = join(freshDirectory(), `work-${nth++}`);
      cpSync(work, copy, { recursive: true });
      for (const change of damages) {
        try {
          change(copy);
        } catch {
          // Another change took the file away.
        }
      }
      const { digests } = await runStage(type, { ...options, earlierWorkDirectories: [copy] });
      expect(digests).toEqual(undisturbed.digests);
      rmSync(copy, { recursive: true, force: true });
    }),
    { numRuns: RUNS },
  );
}

const steps = (number: number) => (event: StageRunEvent) =>
  event.type === 'log' && event.message.startsWith(`step ${number}:`);

describe('damaged work of a dead attempt changes nothing of', () => {
  it('a training, with its checkpoints and best weights', async () => {
    const options = {
      with: {
        learning_rate: 0.01,
        batch_size: 4,
        epochs: 3,
        checkpoint_every: 0,
        sample_tokens: 3,
        keep: 'best',
        eval_every: 2,
      },
      inputs: await writeTrainInputs(freshDirectory()),
      engine: 'cpu' as const,
    };
    const work = await leftBy(train, options, steps(4));
    expect(filesOf(work).map((path) => basename(path))).toContain('SHA256SUMS');
    expect(filesOf(work).some((path) => path.startsWith('best-'))).toBe(true);
    await expectSameResult(train, options, work);
  }, 120_000);

  it('a preference training, with its reference', async () => {
    const folder = freshDirectory();
    const model = join(folder, 'start');
    await writeModelFolder(model, TINY_BYTES, randomWeights(TINY_BYTES, 1));
    const options = {
      with: { learning_rate: 0.01, batch_size: 4, epochs: 1, sample_tokens: 3 },
      inputs: {
        train: writeRecords(join(folder, 'train.jsonl'), PAIRS.slice(0, 10)),
        validation: writeRecords(join(folder, 'validation.jsonl'), PAIRS.slice(10)),
        model,
      },
      engine: 'cpu' as const,
    };
    const work = await leftBy(dpo, options, (event) => event.type === 'progress' && event.unit === 'steps');
    expect(filesOf(work)).toContain('finished.ndjson');
    await expectSameResult(dpo, options, work);
  }, 120_000);

  it('replies of a model', async () => {
    const style = { prompt: '{{ instruction }}', response: '{{ output }}', header: '=>', stop: [] };
    const model = join(freshDirectory(), 'model');
    await writeModelFolder(model, TINY_BYTES, randomWeights(TINY_BYTES, 7));
    const options = {
      with: { prompt: style, max_new_tokens: 4, batch_size: 3 },
      inputs: { records: writeRecords(join(freshDirectory(), 'records.jsonl'), PAIRS), model },
      engine: 'cpu' as const,
    };
    const work = await leftBy(
      generate,
      options,
      (event) => event.type === 'progress' && event.unit === 'replies' && event.done >= 6,
    );
    expect(filesOf(work)).toEqual(['finished.ndjson']);
    await expectSameResult(generate, options, work);
  }, 120_000);

  it('a download, with what it received and what is whole', async () => {
    const files = { data: { url: `${server.url}/data.bin` }, more: { url: `${server.url}/more.bin` } };
    const options = { with: { files } };
    server.failNext({}, { breakAfter: 1000 });
    const work = await leftBy(
      download,
      options,
      (event) => event.type === 'warning' && event.message.startsWith('Trying again'),
    );
    expect(filesOf(work)).toEqual(['data', 'data.received', 'more.part', 'more.received']);
    await expectSameResult(download, options, work);
  }, 120_000);
});
