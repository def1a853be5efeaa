import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { KeyManifest } from '../../../src/cache/records/action-key.ts';
import { rememberKey } from '../../../src/cache/records/latest.ts';
import { describeChanges, MissExplainer } from '../../../src/runner/plan/explain-miss.ts';
import { openWorkspace, type Workspace } from '../../../src/runner/workspace.ts';
import { manifest, record } from '../../cache/examples.ts';
import { temporaryDirectory } from '../../cache/temporary-directory.ts';
import { pipelineOf } from '../fixtures/pipeline-of.ts';
import { puppet } from '../fixtures/stage-types.ts';

let directory: string;
let workspace: Workspace;

beforeEach(async () => {
  directory = await temporaryDirectory();
  workspace = openWorkspace(directory, () => {});
});

const train = (rate: number, more: Partial<KeyManifest> = {}) => manifest({ settings: { rate }, ...more });

/** Leaves what a run leaves in which the stage had this manifest. */
async function ran(stage: string, manifest: KeyManifest, pipeline = 'tune'): Promise<void> {
  const { key } = await workspace.records.add(record({ manifest }));
  await rememberKey(workspace.cacheDirectory, { pipeline, stage }, key);
}

/** Removes the records of all actions and keeps which stage had which. */
const forgetRecords = () => rmSync(join(directory, 'cache/actions'), { recursive: true });

const explainer = () => new MissExplainer('tune', workspace);
const stageOf = (id: string) => pipelineOf(directory, { [id]: { type: puppet, settings: {} } }).stages[0]!;

describe('why an action has no record', () => {
  it('is what has changed since the stage last ran', async () => {
    await ran('train', train(1));
    await ran('other', train(3)); // as near, but of another name
    expect(await explainer().reason(stageOf('train'), train(2))).toEqual({
      code: 'changed',
      message: 'rate 1 -> 2',
      changes: [{ path: 'settings.rate', before: 1, after: 2 }],
    });
  });

  it('is that it is new, compared with the stage that was most like it', async () => {
    await ran('far', train(1, { version: 2 }));
    await ran('near', train(1));
    expect(await explainer().reason(stageOf('new'), train(2))).toEqual({
      code: 'never-run',
      message: 'not run before; compared with near: rate 1 -> 2',
      changes: [{ path: 'settings.rate', before: 1, after: 2 }],
      compared_with: 'near',
    });
  });

  it('is only that it is new where nothing is like it, and another pipeline is no measure', async () => {
    await ran('judge', manifest({ type: 'judge', settings: { rate: 1 } }));
    await ran('train', train(1), 'another');
    expect(await explainer().reason(stageOf('train'), train(2))).toEqual({
      code: 'never-run',
      message: 'not run before',
    });
  });

  it('is that its record is gone where it was the same action', async () => {
    await ran('train', train(1));
    forgetRecords();
    expect(await explainer().reason(stageOf('train'), train(1))).toEqual({
      code: 'record-gone',
      message: 'the record of its last result is gone',
    });
    await ran('near', train(2));
    expect(await explainer().reason(stageOf('train'), train(1))).toMatchObject({
      code: 'record-gone',
      message: 'the record of its last result is gone; compared with near: rate 2 -> 1',
    });
  });

  it('names the right stage where others have lost their records', async () => {
    await ran('a', train(5));
    forgetRecords();
    await ran('b', train(1));
    await ran('c', train(1, { version: 2 }));
    expect(await explainer().reason(stageOf('new'), train(2))).toMatchObject({ compared_with: 'b' });
  });

  it('is the same for a whole run: what the run itself brings up to date is no measure', async () => {
    await ran('b', train(1));
    const explain = explainer();
    const first = await explain.reason(stageOf('new'), train(4));
    await ran('a', train(3)); // as near, and before it
    expect(await explain.reason(stageOf('new'), train(4))).toEqual(first);
    expect(await explainer().reason(stageOf('new'), train(4))).toMatchObject({ compared_with: 'a' });
  });
});

describe('changes in one line', () => {
  const changes = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ path: `settings.s${index}`, before: 0, after: 1 }));

  it('are all shown up to three, and then counted', () => {
    expect(describeChanges(changes(1))).toBe('s0 0 -> 1');
    expect(describeChanges(changes(3))).toBe('s0 0 -> 1, s1 0 -> 1, s2 0 -> 1');
    expect(describeChanges(changes(4))).toBe('s0 0 -> 1, s1 0 -> 1, s2 0 -> 1, and 1 more');
    expect(describeChanges(changes(9))).toBe('s0 0 -> 1, s1 0 -> 1, s2 0 -> 1, and 6 more');
  });
});
