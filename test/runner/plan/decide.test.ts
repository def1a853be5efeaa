import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ActionRecord, RecordedOutput } from '../../../src/cache/records/action-record.ts';
import type { JsonObject } from '../../../src/contract/json.ts';
import type { StageType } from '../../../src/contract/stage-type.ts';
import { digestOfBytes } from '../../../src/files/digest.ts';
import { type Action, type DecideOptions, Decider } from '../../../src/runner/plan/decide.ts';
import { openWorkspace, type Workspace } from '../../../src/runner/workspace.ts';
import { record } from '../../cache/examples.ts';
import { temporaryDirectory } from '../../cache/temporary-directory.ts';
import { pipelineOf, type StageSketch } from '../fixtures/pipeline-of.ts';
import { isolated, observing, puppet } from '../fixtures/stage-types.ts';

let directory: string;
let workspace: Workspace;

beforeEach(async () => {
  directory = await temporaryDirectory();
  workspace = openWorkspace(join(directory, 'artifacts'), () => {});
});

function write(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}

const decider = (options: Partial<DecideOptions> = {}) =>
  new Decider(pipelineOf(directory, {}), workspace, { environment: {}, offline: false, ...options });

function stageOf(sketch: Partial<StageSketch>, id = 'stage') {
  return pipelineOf(directory, { [id]: { type: puppet, settings: { text: 'a' }, ...sketch } }).stages[0]!;
}

const fileOf = (text: string): RecordedOutput => ({
  artifact: 'file',
  digest: digestOfBytes(text),
  bytes: text.length,
});

/** Each producer has given its own name as its output `out`. */
const gaveItsName = (stage: string): ActionRecord => record({ outputs: { out: fileOf(stage) } });

async function actionOf(
  sketch: Partial<StageSketch>,
  {
    id,
    recordOf = gaveItsName,
    ...options
  }: Partial<DecideOptions> & {
    id?: string;
    recordOf?: (stage: string) => ActionRecord;
  } = {},
): Promise<Action> {
  return await decider(options).action(stageOf(sketch, id), recordOf);
}

describe('the action of a stage', () => {
  it('is described by type, version, settings, inputs and variables that decide its result', async () => {
    write('data.txt', 'data');
    const { manifest, inputs, collections } = await actionOf(
      {
        settings: { text: 'a', label: 'only of the execution' },
        inputs: { data: './data.txt', model: 'train' },
        each: ['one', 'two'],
        env: ['SEED', 'UNSET'],
      },
      { environment: { SEED: '1', PATH: '/bin' } },
    );
    expect(manifest).toEqual({
      format: 1,
      type: 'puppet',
      version: 1,
      settings: { text: 'a' },
      inputs: {
        data: digestOfBytes('data'),
        model: digestOfBytes('train'),
        all: { 'variant=one': digestOfBytes('one'), 'variant=two': digestOfBytes('two') },
      },
      env: { SEED: '1' },
    });
    expect(inputs.data?.from).toEqual({ path: join(directory, 'data.txt') });
    expect(inputs.model?.from).toEqual({ stage: 'train', output: 'out' });
    expect(collections.all?.['variant=two']?.from).toEqual({ stage: 'two', output: 'out' });
  });

  it('is the same under another name, with a producer and a file of other names and the same bytes', async () => {
    write('one.txt', 'data');
    write('two.txt', 'data');
    const sameBytes = () => record({ outputs: { out: fileOf('bytes') } });
    const one = await actionOf({ inputs: { data: './one.txt', in: 'a' } }, { recordOf: sameBytes });
    const other = await actionOf(
      { inputs: { data: './two.txt', in: 'b' } },
      { recordOf: sameBytes, id: 'renamed' },
    );
    expect(other.key).toBe(one.key);
  });

  it('is another one for each thing that decides its result', async () => {
    const sketches: Partial<StageSketch>[] = [
      {},
      { type: observing },
      { type: { ...puppet, version: 2 } },
      { settings: { text: 'b' } },
      { inputs: { in: 'a' } },
      { inputs: { in: 'b' } },
      { inputs: { other: 'a' } },
      { each: ['a'] },
      { env: ['SEED'] },
    ];
    const keys = [];
    for (const sketch of sketches) keys.push((await actionOf(sketch, { environment: { SEED: '1' } })).key);
    expect(new Set(keys).size).toBe(sketches.length);
  });

  it('has an input that is called __proto__ like any other', async () => {
    const inputs = JSON.parse('{"__proto__":"train"}') as Record<string, string>;
    const { manifest, inputs: known } = await actionOf({ inputs });
    expect(Object.entries(manifest.inputs)).toEqual([['__proto__', digestOfBytes('train')]]);
    expect(Object.keys(known)).toEqual(['__proto__']);
  });

  it('counts which files can be run where the stage gets copies, those of collections included', async () => {
    chmodSync(write('script', 'echo'), 0o755);
    const recordOf = (stage: string): ActionRecord => {
      const out = stage === 'plain' ? fileOf(stage) : ({ ...fileOf(stage), executable: true } as const);
      return record({ outputs: { out } });
    };
    const sketch = { inputs: { script: './script', text: 'plain' }, each: ['program', 'plain'] };
    const copied = await actionOf({ ...sketch, type: isolated }, { recordOf });
    expect(copied.manifest.executable).toEqual({ script: true, 'all/variant=program': true });
    expect((await actionOf({ inputs: { text: 'plain' }, type: isolated })).manifest).not.toHaveProperty(
      'executable',
    );
    expect((await actionOf(sketch, { recordOf })).manifest).not.toHaveProperty('executable');
  });

  it('cannot be made of a record without the output: that is a bug of ours', async () => {
    await expect(actionOf({ inputs: { in: 'train' } }, { recordOf: () => record() })).rejects.toThrow(
      'Internal error: the record of stage "train" has no output "out"',
    );
  });
});

describe('whether an action was done before', () => {
  /** Leaves a record of the stage, finished at the given second. */
  async function ran(
    sketch: Partial<StageSketch>,
    observed: JsonObject = {},
    second = 0,
    run: string | undefined = `r${second}`,
  ): Promise<ActionRecord> {
    const { manifest } = await actionOf(sketch);
    const provenance = { finished: `2026-01-01T00:00:0${second}Z`, ...(run && { run }) };
    return await workspace.records.add(record({ manifest, observed, provenance }));
  }

  async function decide(sketch: Partial<StageSketch>, options: Partial<DecideOptions> = {}) {
    return await decider(options).decide(stageOf(sketch), await actionOf(sketch));
  }

  /** A judge of a world with these facts, which counts how often it is asked. */
  function judge(facts: JsonObject | Error) {
    const world = { asked: 0 };
    const observe: StageType['observe'] = async () => {
      world.asked++;
      if (facts instanceof Error) throw facts;
      return facts;
    };
    return { world, sketch: { type: { ...observing, observe } } };
  }

  it('is no where there is no record, and the reason says what is new', async () => {
    expect(await decide({})).toEqual({
      hit: false,
      reason: { code: 'never-run', message: 'not run before' },
    });
  });

  it('is yes with a record, named by the run that left it', async () => {
    const record = await ran({});
    expect(await decide({})).toEqual({
      hit: true,
      record,
      reason: { code: 'cached', message: 'cached from run r0' },
    });
  });

  it('is yes also where the record does not name its run', async () => {
    await ran({}, {}, 0, '');
    expect((await decide({})).reason.message).toBe('cached');
  });

  it('is answered by the record whose facts are those of the world now, and not by the newest', async () => {
    const now = judge({ model: 'one', threads: 1 });
    const record = await ran(now.sketch, { threads: 1, model: 'one' }, 1);
    await ran(now.sketch, { model: 'two', threads: 1 }, 2);
    expect(await decide(now.sketch)).toEqual({
      hit: true,
      record,
      reason: { code: 'cached', message: 'cached from run r1' },
    });
  });

  it('is no where the world is another one: the reason shows each fact that changed since the newest', async () => {
    const now = judge({ model: 'three', threads: 1, new: true });
    await ran(now.sketch, { model: 'two', threads: 1, old: true }, 2);
    await ran(now.sketch, { model: 'one', threads: 1 }, 1);
    expect(await decide(now.sketch)).toEqual({
      hit: false,
      reason: {
        code: 'observed-changed',
        message: 'observed model "two" -> "three", observed old true -> (none), observed new (none) -> true',
        changes: [
          { path: 'observed.model', before: 'two', after: 'three' },
          { path: 'observed.old', before: true, after: undefined },
          { path: 'observed.new', before: undefined, after: true },
        ],
      },
    });
  });

  it('is yes, not verified, where the world cannot be asked or must not be', async () => {
    const down = judge(new Error('connection refused'));
    await ran(down.sketch, { model: 'one' }, 1);
    const newest = await ran(down.sketch, { model: 'two' }, 2);
    expect(await decide(down.sketch)).toEqual({
      hit: true,
      record: newest,
      reason: { code: 'cached-not-verified', message: 'cached, not re-verified: connection refused' },
    });
    const { world, sketch } = judge({ model: 'one' });
    expect(await decide(sketch, { offline: true })).toEqual({
      hit: true,
      record: newest,
      reason: { code: 'cached-not-verified', message: 'cached, not re-verified: offline' },
    });
    expect(world.asked).toBe(0);
  });

  it('is yes, and nothing is asked, where the newest record depends on no facts', async () => {
    const { world, sketch } = judge({ model: 'one' });
    await ran(sketch, { model: 'one' }, 1);
    const record = await ran(sketch, {}, 2);
    expect(await decide(sketch)).toMatchObject({ hit: true, record, reason: { code: 'cached' } });
    expect(world.asked).toBe(0);
  });

  it('is yes for a type that observes nothing although its record has facts, of an earlier version of it', async () => {
    const record = await ran({}, { model: 'one' }, 1);
    expect(await decide({}, { offline: true })).toMatchObject({
      hit: true,
      record,
      reason: { code: 'cached' },
    });
  });
});
