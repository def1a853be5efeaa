import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CacheProblem } from '../../../src/cache/cache-problem.ts';
import { actionKey, type KeyManifest } from '../../../src/cache/records/action-key.ts';
import {
  type ActionRecord,
  encodeRecord,
  newestRecord,
  parseRecord,
} from '../../../src/cache/records/action-record.ts';
import { ActionRecords } from '../../../src/cache/records/action-records.ts';
import { canonicalJson } from '../../../src/contract/canonical-json.ts';
import { digestOfBytes } from '../../../src/files/digest.ts';
import { allOf } from '../all-of.ts';
import { manifest, manifests, record } from '../examples.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

async function setUp() {
  const cache = await temporaryDirectory();
  const problems: CacheProblem[] = [];
  return { cache, problems, records: new ActionRecords(cache, (problem) => problems.push(problem)) };
}

function recordPath(cache: string, { key, observed }: ActionRecord): string {
  return join(cache, 'actions', key, `${digestOfBytes(canonicalJson(observed))}.json`);
}

function output(content: string) {
  return { artifact: 'file', digest: digestOfBytes(content), bytes: content.length } as const;
}

const example = record({
  manifest: manifest({
    settings: { rate: 5e-5, '10': 'ä', '2': null },
    inputs: { data: digestOfBytes('data') },
  }),
  outputs: {
    model: output('model'),
    report: { ...output('fine'), inline: 'utf-8:fine' },
    program: { ...output('#!/bin/sh'), executable: true },
    folder: { ...output('tree'), artifact: 'directory' },
  },
  observed: { model_digest: 'abc' },
  provenance: { engine: 'cpu', seconds: 1.5 },
});

/** The example with another part in its manifest, and the key that goes with it. */
function ofManifest(part: object): unknown {
  const changed = { ...example.manifest, ...part } as KeyManifest;
  return { ...example, key: actionKey(changed), manifest: changed };
}

/** The example with an output more, which has another part than it should. */
function ofOutput(part: object): unknown {
  return { ...example, outputs: { ...example.outputs, other: { ...output('other'), ...part } } };
}

describe('encodeRecord and parseRecord', () => {
  it('give back any record', () => {
    fc.assert(
      fc.property(manifests, fc.string({ unit: 'grapheme' }), (some, inline) => {
        const any = record({
          manifest: some,
          outputs: { a: { ...output(inline), inline } },
          provenance: { inline },
        });
        expect(parseRecord(encodeRecord(any))).toEqual(any);
      }),
    );
  });

  it('notice every single bit', () => {
    const bytes = Buffer.from(encodeRecord(example));
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3] = damaged[bit >> 3]! ^ (1 << (bit & 7));
      expect(() => parseRecord(damaged.toString('utf8')), `bit ${bit}`).toThrow();
    }
  });

  it('notice every cut, and text added', () => {
    const text = encodeRecord(example);
    for (let length = 0; length < text.length; length++) {
      expect(() => parseRecord(text.slice(0, length)), `length ${length}`).toThrow();
    }
    for (const added of [' ', '\n', '}', '\0', text]) expect(() => parseRecord(text + added)).toThrow();
  });

  it.each([
    ['another version', { ...example, record: 2 }, 'format 2 is unknown'],
    ['no version', { ...example, record: null }, 'format null is unknown'],
    ['a key of another manifest', { ...example, key: digestOfBytes('x') }, 'does not give its key'],
    ['a key that is no digest', { ...example, key: '../x' }, 'wrong type'],
    ['no manifest', { ...example, manifest: null }, 'wrong type'],
    ['a list for the manifest', { ...example, manifest: [] }, 'wrong type'],
    ['a manifest of another format', ofManifest({ format: 2 }), 'wrong type'],
    ['a stage type that is no text', ofManifest({ type: 1 }), 'wrong type'],
    ['a version of the stage type that is no integer', ofManifest({ version: 1.5 }), 'wrong type'],
    ['a list for the settings', ofManifest({ settings: [] }), 'wrong type'],
    ['a list for the inputs', ofManifest({ inputs: [] }), 'wrong type'],
    ['a path for the digest of an input', ofManifest({ inputs: { data: '../x' } }), 'wrong type'],
    [
      'a path for the digest of one of two inputs',
      ofManifest({ inputs: { all: { 'a=1': digestOfBytes('') }, data: '../x' } }),
      'wrong type',
    ],
    ['a list of executable inputs', ofManifest({ executable: ['script'] }), 'wrong type'],
    ['a list for the variables', ofManifest({ env: [] }), 'wrong type'],
    ['a list for the outputs', { ...example, outputs: [] }, 'wrong type'],
    ['nothing for an output', { ...example, outputs: { a: null } }, 'wrong type'],
    ['text for an output', { ...example, outputs: { a: 'file' } }, 'wrong type'],
    ['one bad output among good ones', ofOutput({ bytes: 0.5 }), 'wrong type'],
    ['an output without a size', ofOutput({ bytes: undefined }), 'wrong type'],
    ['an output of an unknown kind', ofOutput({ artifact: 'link' }), 'wrong type'],
    ['an output with a path for a digest', ofOutput({ digest: '../x' }), 'wrong type'],
    ['an output with a run bit of another kind', ofOutput({ executable: false }), 'wrong type'],
    ['an output with bytes that are no text', ofOutput({ inline: 1 }), 'wrong type'],
    ['a list for the observed facts', { ...example, observed: [] }, 'wrong type'],
    ['no observed facts', { ...example, observed: null }, 'wrong type'],
    ['a list for the provenance', { ...example, provenance: [] }, 'wrong type'],
    ['no provenance', { ...example, provenance: null }, 'wrong type'],
  ])('refuse %s, though its checksum agrees', (_, value, message) => {
    const text = encodeRecord(JSON.parse(JSON.stringify(value)) as ActionRecord);
    expect(() => parseRecord(text)).toThrow(message);
  });
});

describe('newestRecord', () => {
  it('is the record that was finished last, wherever it is in the list', () => {
    const early = { ...example, provenance: { finished: '2025-01-31T08:15:30.123Z' } };
    const late = { ...example, provenance: { finished: '2025-02-01T00:00:00.000Z' } };
    expect(newestRecord([early, late])).toBe(late);
    expect(newestRecord([late, early])).toBe(late);
    expect(newestRecord([early])).toBe(early);
    expect(newestRecord([])).toBeUndefined();
  });
});

describe('ActionRecords.entries', () => {
  it('gives every sound record, of all actions and states, and reports a damaged one', async () => {
    const { cache, problems, records } = await setUp();
    expect(await allOf(records.entries())).toEqual([]);
    const other = record({ manifest: { ...example.manifest, version: 2 } });
    const all = [example, { ...example, observed: { model_digest: 'def' } }, other];
    for (const one of all) await records.add(one);
    await writeFile(join(cache, 'actions/note'), 'not an action');
    const found = await allOf(records.entries());
    expect(found).toHaveLength(3);
    expect(found).toEqual(expect.arrayContaining(all));

    const [file] = await readdir(join(cache, 'actions', other.key));
    await writeFile(join(cache, 'actions', other.key, file!), '{}');
    expect(await allOf(records.entries())).toHaveLength(2);
    expect(problems).toMatchObject([{ code: 'unreadable-record' }]);
  });
});

describe('ActionRecords', () => {
  it('finds what was added', async () => {
    const { records, cache } = await setUp();
    expect(await records.find(example.key)).toEqual([]);
    expect(await records.add(example)).toBe(example);
    expect(await records.find(example.key)).toEqual([example]);
    expect(await readdir(join(cache, 'tmp'))).toEqual([]);
  });

  it('keeps a record for each state of the observed facts', async () => {
    const { records } = await setUp();
    const other = { ...example, observed: { model_digest: 'def' }, outputs: {} };
    await records.add(example);
    expect(await records.add(other)).toBe(other);
    const found = await records.find(example.key);
    expect(found).toHaveLength(2);
    expect(found).toEqual(expect.arrayContaining([example, other]));
  });

  it('finds them in the order of their names, and takes nothing else in the folder for one', async () => {
    const { records, cache, problems } = await setUp();
    for (let fact = 0; fact < 20; fact++) await records.add({ ...example, observed: { fact } });
    await writeFile(join(cache, 'actions', example.key, 'notes.txt'), 'mine');
    const found = await records.find(example.key);
    const paths = found.map((one) => recordPath(cache, one));
    expect(paths).toEqual(paths.toSorted());
    expect(found).toHaveLength(20);
    expect(problems).toEqual([]);
  });

  it('says what to do where a damaged record cannot be moved away, and adds none', async () => {
    const { records, cache, problems } = await setUp();
    await records.add(example);
    await writeFile(recordPath(cache, example), 'damaged');
    await writeFile(join(cache, 'quarantine'), 'in the way');
    expect(await records.find(example.key)).toEqual([]);
    await expect(records.add(example)).rejects.toMatchObject({
      name: 'CacheError',
      message: expect.stringContaining(recordPath(cache, example)),
      hint: expect.stringContaining('Remove that file'),
    });
    expect(problems).toHaveLength(2);
    for (const problem of problems) {
      expect(problem).toEqual({ code: 'unreadable-record', message: expect.stringContaining('is not used') });
    }
    expect(await readdir(join(cache, 'tmp'))).toEqual([]);
  });

  it('gives the winner to whoever finishes the same action later', async () => {
    const { records } = await setUp();
    await records.add(example);
    expect(await records.add({ ...example, outputs: { model: output('other') } })).toEqual(example);
    expect(await records.find(example.key)).toEqual([example]);
  });

  it('has one winner among many that finish in the same moment', async () => {
    const { records } = await setUp();
    const rivals = Array.from({ length: 20 }, (_, index) => ({ ...example, provenance: { index } }));
    const results = await Promise.all(rivals.map((rival) => records.add(rival)));
    const [winner] = await records.find(example.key);
    for (const result of results) expect(result).toEqual(winner);
  });

  it('puts a damaged record aside, says so, and does not use it', async () => {
    const { records, cache, problems } = await setUp();
    await records.add(example);
    await writeFile(
      recordPath(cache, example),
      encodeRecord(example).replace('5e-5', '5e-4').replace('0.00005', '0.0005'),
    );
    expect(await records.find(example.key)).toEqual([]);
    expect(problems).toEqual([expect.objectContaining({ code: 'unreadable-record' })]);
    expect(problems[0]!.message).toContain('its checksum does not agree');
    expect(basename(problems[0]!.quarantined!)).toMatch(/^record-/);
    expect(await readFile(problems[0]!.quarantined!, 'utf8')).toContain('0.0005');
    expect(await records.add(example)).toBe(example);
  });

  it('gives the place of a damaged record to the next that is added', async () => {
    const { records, cache, problems } = await setUp();
    await records.add(example);
    await writeFile(recordPath(cache, example), '{"record": 1');
    const again = { ...example, provenance: { run: 2 } };
    expect(await records.add(again)).toBe(again);
    expect(await records.find(example.key)).toEqual([again]);
    expect(problems.map(({ code }) => code)).toEqual(['unreadable-record']);
  });

  it("does not take a sound record in another action's place", async () => {
    const { records, cache, problems } = await setUp();
    const other = record({ manifest: manifest({ version: 9 }) });
    await records.add(example);
    await mkdir(join(cache, 'actions', other.key));
    await rename(recordPath(cache, example), recordPath(cache, other));
    expect(await records.find(other.key)).toEqual([]);
    expect(problems[0]!.message).toContain('belongs to another action');
  });

  it('does not take a record for other observed facts', async () => {
    const { records, cache } = await setUp();
    await records.add(example);
    await rename(recordPath(cache, example), recordPath(cache, { ...example, observed: {} }));
    expect(await records.find(example.key)).toEqual([]);
  });

  it('takes a record of a later format for a miss', async () => {
    const { records, cache, problems } = await setUp();
    await records.add(example);
    await writeFile(recordPath(cache, example), encodeRecord({ ...example, record: 2 as 1 }));
    expect(await records.find(example.key)).toEqual([]);
    expect(problems[0]!.message).toContain('format 2 is unknown');
  });
});

describe('ActionRecords.findOnly', () => {
  it('gives what find gives for an action that observes nothing, damaged and misplaced records included', async () => {
    const plain = { ...example, observed: {} };
    for (const content of [encodeRecord(plain), 'no record', undefined]) {
      const found = [];
      for (const method of ['find', 'findOnly'] as const) {
        const { cache, problems, records } = await setUp();
        await mkdir(dirname(recordPath(cache, plain)), { recursive: true });
        if (content !== undefined) await writeFile(recordPath(cache, plain), content);
        found.push({ records: await records[method](plain.key), problems: problems.map(({ code }) => code) });
      }
      expect(found[1]).toEqual(found[0]);
    }
  });

  it('puts aside what lies in the place of the folder of the action', async () => {
    const { cache, problems, records } = await setUp();
    await mkdir(join(cache, 'actions'));
    await writeFile(join(cache, 'actions', example.key), 'no folder');
    expect(await records.findOnly(example.key)).toEqual([]);
    expect(problems.map(({ code }) => code)).toEqual(['unreadable-record']);
  });
});

describe('ActionRecords.replace', () => {
  it('replaces a record whose lost outputs came out otherwise, and says so', async () => {
    const { records, problems } = await setUp();
    await records.add(example);
    const rebuilt = { ...example, outputs: { ...example.outputs, model: output('other') } };
    expect(await records.replace(rebuilt)).toBe(rebuilt);
    expect(await records.find(example.key)).toEqual([rebuilt]);
    const message = expect.stringContaining(`${example.key} was done again`);
    expect(problems).toEqual([{ code: 'replaced-record', message }]);
  });

  it.each([
    ['an output more', { ...example.outputs, more: output('more') }],
    ['an output less', { model: example.outputs.model! }],
    ['an output that can be run', { ...example.outputs, model: { ...output('model'), executable: true } }],
  ] as const)('replaces a record for %s', async (_, outputs) => {
    const { records } = await setUp();
    await records.add(example);
    const again = { ...example, outputs };
    expect(await records.replace(again)).toBe(again);
    expect(await records.find(example.key)).toEqual([again]);
  });

  it('keeps the record where the outputs came out the same', async () => {
    const { records, problems } = await setUp();
    await records.add(example);
    expect(await records.replace({ ...example, provenance: { run: 2 } })).toEqual(example);
    expect(await records.find(example.key)).toEqual([example]);
    expect(problems).toEqual([]);
  });

  it('adds a record where there is none any more', async () => {
    const { records, cache, problems } = await setUp();
    await records.add(example);
    await rm(join(cache, 'actions'), { recursive: true });
    expect(await records.replace(example)).toBe(example);
    expect(problems).toEqual([]);
  });
});

describe('something else in the place of a record, or of the folder of an action', () => {
  const oddities: [string, (path: string) => unknown][] = [
    ['a folder', (path) => mkdir(path)],
    ['a file', (path) => writeFile(path, '?')],
    ['a queue', (path) => execFileSync('mkfifo', [path])],
    ['a link to nothing', (path) => symlink('nowhere', path)],
    ['a link to itself', (path) => symlink(path, path)],
    ['a device', (path) => symlink('/dev/zero', path)],
  ];

  it.each(oddities)('is a miss that is told, and makes room for a new record: %s', async (what, make) => {
    for (const place of ['record', 'folder']) {
      if (place === 'folder' && what === 'a folder') continue;
      const { cache, problems, records } = await setUp();
      await records.add(example);
      const path = place === 'record' ? recordPath(cache, example) : dirname(recordPath(cache, example));
      await rm(path, { recursive: true });
      await make(path);
      expect(await records.find(example.key)).toEqual([]);
      expect(problems).toEqual([expect.objectContaining({ code: 'unreadable-record' })]);
      expect(await records.add(example)).toEqual(example);
      expect(await records.find(example.key)).toEqual([example]);
    }
  });
});
