import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { addBundle } from '../../../src/cache/bundle/add-bundle.ts';
import { parseTarHeader, TAR_END, tarHeader } from '../../../src/cache/bundle/tar.ts';
import {
  type BundleContent,
  LostArtifactError,
  writeBundle,
} from '../../../src/cache/bundle/write-bundle.ts';
import type { ActionRecord } from '../../../src/cache/records/action-record.ts';
import { latestKey } from '../../../src/cache/records/latest.ts';
import { recordedFiles } from '../../../src/cache/records/recorded-files.ts';
import { type Digest, digestOfBytes } from '../../../src/files/digest.ts';
import { openWorkspace, type Workspace } from '../../../src/runner/workspace.ts';
import { manifest, record } from '../examples.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

let directory: string;
let workspace: Workspace;
let content: BundleContent;
const bundle = () => join(directory, 'test.bundle');

/** Two records, of which one holds its output inline, a file and a folder. */
beforeEach(async () => {
  directory = await temporaryDirectory();
  workspace = openWorkspace(join(directory, 'from'), () => {});
  const responses = await workspace.objects.putBytes('[]');
  const model = await workspace.objects.put(folder(), 'directory');
  const train = record({ manifest: manifest({ type: 'train' }), outputs: { model } });
  const generate = record({
    manifest: manifest({ type: 'generate' }),
    outputs: { responses: { ...responses, inline: 'utf-8:[]' } },
  });
  content = {
    pipeline: 'test',
    stages: new Map([
      ['train', train.key],
      ['generate', generate.key],
    ]),
    files: new Map([['../data/labels.json', { artifact: 'file', digest: digestOfBytes('l'), bytes: 1 }]]),
    records: [train, generate],
    artifacts: [responses, model],
  };
  await writeBundle(bundle(), content, workspace.objects);
});

function folder(): string {
  const path = join(directory, 'model');
  mkdirSync(join(path, 'deep', 'empty'), { recursive: true });
  writeFileSync(join(path, 'a.txt'), 'a');
  writeFileSync(join(path, 'deep', 'b.bin'), Buffer.alloc(1000, 7));
  return path;
}

/** Path of everything in a folder, with the bytes of files. */
const filesIn = (name: string) =>
  readdirSync(join(directory, name), { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(join(directory, name).length), entry.isFile() ? readFileSync(path, 'hex') : ''];
    })
    .sort();

const target = () => openWorkspace(join(directory, 'to'), () => {});
const without = ({ inline: _, ...output }: ActionRecord['outputs'][string]) => output;

describe('a bundle', () => {
  it('brings records, what is read, and what stages and files last were', async () => {
    const to = target();
    const { kept, bundle: added } = await addBundle(bundle(), to);
    expect(kept).toEqual([]);
    expect(added.objects.size).toBe(4); // two files, a tree and the responses
    for (const one of content.records) {
      const [found] = await to.records.find(one.key);
      const outputs = Object.entries(one.outputs).map(([name, output]) => [name, without(output)]);
      expect(found).toEqual({ ...one, outputs: Object.fromEntries(outputs) });
    }
    for (const artifact of content.artifacts) expect(await to.objects.contains(artifact)).toBe(true);
    await to.objects.materialize(content.artifacts[1]!, join(directory, 'copy'));
    expect(filesIn('copy')).toEqual(filesIn('model'));
    expect(await latestKey(to.cacheDirectory, { pipeline: 'test', stage: 'train' })).toBe(
      content.stages.get('train'),
    );
    expect(recordedFiles(to.cacheDirectory, 'test')).toEqual(content.files);
    expect(readdirSync(join(to.cacheDirectory, 'tmp'))).toEqual([]);
  });

  it('is the same bytes, whatever the order of what is in it', async () => {
    const again = join(directory, 'again.bundle');
    const reversed = {
      ...content,
      stages: new Map([...content.stages].reverse()),
      records: [...content.records].reverse(),
      artifacts: [...content.artifacts].reverse(),
    };
    await writeBundle(again, reversed, workspace.objects);
    expect(readFileSync(again).equals(readFileSync(bundle()))).toBe(true);
  });

  it('is a file that tar lists and unpacks', () => {
    const names = execFileSync('tar', ['-tf', bundle()], { encoding: 'utf8' }).trimEnd().split('\n');
    expect(names).toEqual([...names].sort());
    expect(names[0]).toMatch(/^index\/[0-9a-f]{64}\.json$/);
    execFileSync('tar', ['-xf', bundle(), '-C', directory]);
    const object = names.find((name) => name.startsWith('objects/'))!;
    expect(digestOfBytes(readFileSync(join(directory, object)))).toBe(object.slice('objects/'.length));
  });

  it('leaves the record that is there, and says so', async () => {
    const to = target();
    const other = await to.objects.putBytes('[1]');
    await to.records.add({ ...content.records[1]!, outputs: { responses: other } });
    const { kept } = await addBundle(bundle(), to);
    expect(kept).toEqual(['generate']);
    const [found] = await to.records.find(content.records[1]!.key);
    expect(found!.outputs.responses!.digest).toBe(other.digest);
  });

  it('is not written where something is lost', async () => {
    const lost = { artifact: 'file' as const, digest: digestOfBytes('lost'), bytes: 4 };
    const path = join(directory, 'lost.bundle');
    const writing = writeBundle(path, { ...content, artifacts: [lost] }, workspace.objects);
    await expect(writing).rejects.toThrow(LostArtifactError);
    expect(readdirSync(directory).filter((name) => name.startsWith('lost'))).toEqual([]);
  });
});

interface Entry {
  readonly name: string;
  readonly bytes: Buffer;
}

/** A bundle from entries of any kind, with headers as pipe writes them. */
function archive(...entries: readonly Entry[]): Buffer {
  const parts = entries.flatMap(({ name, bytes }) => [
    tarHeader({ name, bytes: bytes.length }),
    bytes,
    Buffer.alloc((512 - (bytes.length % 512)) % 512),
  ]);
  return Buffer.concat([...parts, TAR_END]);
}

function entriesOf(bytes: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; ; ) {
    const header = parseTarHeader(bytes.subarray(at, at + 512));
    if (header === undefined) return entries;
    entries.push({ name: header.name, bytes: bytes.subarray(at + 512, at + 512 + header.bytes) });
    at += 512 + Math.ceil(header.bytes / 512) * 512;
  }
}

/** Adds a hostile bundle; it must be refused with one clear error, and leave the cache as it was. */
async function refused(bytes: Buffer): Promise<string> {
  const path = join(directory, 'hostile.bundle');
  writeFileSync(path, bytes);
  const to = target();
  const error = await addBundle(path, to).then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  expect(error?.name).toBe('StageError');
  expect(error?.message.startsWith(`${path} is not a bundle that can be used: `)).toBe(true);
  const left = readdirSync(to.cacheDirectory, { recursive: true });
  expect(left).toEqual(['tmp']);
  return error!.message.slice(`${path} is not a bundle that can be used: `.length);
}

describe('a hostile bundle', () => {
  const sound = () => entriesOf(readFileSync(bundle()));
  const text = (name: string, content: string): Entry => ({ name, bytes: Buffer.from(content) });
  const index = (content: string) => text(`index/${digestOfBytes(content)}.json`, content);
  const object = (content: string) => text(`objects/${digestOfBytes(content)}`, content);
  const from = (name: string) => readFileSync(bundle()).indexOf(name);

  it('whose names lead elsewhere is refused', async () => {
    for (const name of [
      '../../etc/passwd',
      '/etc/passwd',
      'objects/../x',
      'objects/.',
      'records/x.json',
      'x',
    ]) {
      const entries = [sound()[0]!, text(name, 'x'), ...sound().slice(1)];
      const message = await refused(archive(...entries.sort((a, b) => (a.name < b.name ? -1 : 1))));
      expect(message).toMatch(/does not belong into a bundle|does not begin with an index/);
    }
  });

  it('with a link, a folder, a device or an extended header is refused', async () => {
    for (const type of '123456xgL') {
      const bytes = readFileSync(bundle());
      const at = from('objects/') + 156;
      bytes.write(type, at);
      const header = bytes.subarray(from('objects/'), from('objects/') + 512);
      header.fill(' ', 148, 156);
      header.write(
        `${header
          .reduce((sum, byte) => sum + byte, 0)
          .toString(8)
          .padStart(6, '0')}\0 `,
        148,
      );
      expect(await refused(bytes)).toContain('it was not written by pipe, or is damaged');
    }
  });

  it('that claims a huge size is refused at once', async () => {
    const [first, ...rest] = sound();
    const huge = tarHeader({ name: rest[0]!.name, bytes: 8 ** 11 - 1 });
    const whole = archive(first!);
    expect(await refused(Buffer.concat([whole.subarray(0, -TAR_END.length), huge]))).toBe('it is cut off');
    expect(await refused(archive({ name: 'index/x.json', bytes: Buffer.alloc(17 * 2 ** 20) }))).toBe(
      'index/x.json is too long',
    );
  });

  it('that holds something twice, or out of order, is refused', async () => {
    const [start, first, second, ...rest] = sound() as [Entry, Entry, Entry, ...Entry[]];
    expect(await refused(archive(start, first, first, second, ...rest))).toContain('is there twice');
    expect(await refused(archive(start, second, first, ...rest))).toContain('not in its place');
    expect(await refused(archive(first, start))).toBe('it does not begin with an index');
  });

  it('whose object, record or index is not what it says is refused', async () => {
    const [start, ...rest] = sound() as [Entry, ...Entry[]];
    const wrong = { ...object('one'), bytes: Buffer.from('two') };
    expect(await refused(archive(start, wrong))).toBe(`${wrong.name} does not have its digest`);
    const forged = text(`records/${digestOfBytes('{}')}.json`, '{}');
    expect(await refused(archive(start, forged))).toContain('its format undefined is unknown');
    const [one] = rest.filter(({ name }) => name.startsWith('records/')) as [Entry];
    const changed = one.bytes.toString().replace('"generate"', '"evaluate"').replace('"train"', '"trail"');
    expect(await refused(archive(start, text(`records/${digestOfBytes(changed)}.json`, changed)))).toContain(
      'its checksum does not agree',
    );
    expect(await refused(archive(start))).toMatch(/the record of (train|generate) is missing/);
    expect(await refused(archive(index('{}')))).toBe('its index: the format undefined is unknown');
    expect(await refused(archive(index('{"bundle":1,"pipeline":"x","stages":[],"files":{}}')))).toContain(
      'wrong form',
    );
    expect(await refused(Buffer.concat([readFileSync(bundle()), Buffer.from('x')]))).toBe(
      'something follows its end',
    );
    expect(await refused(Buffer.alloc(0))).toBe('it is cut off');
  });

  it('that is cut anywhere, or of which a bit is flipped anywhere, is refused and adds nothing', async () => {
    const bytes = readFileSync(bundle());
    const damage = fc.oneof(
      fc.nat({ max: bytes.length - 1 }).map((at) => bytes.subarray(0, at)),
      fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 })).map(([at, bits]) => {
        const flipped = Buffer.from(bytes);
        flipped[at]! ^= bits;
        return flipped;
      }),
    );
    await fc.assert(
      fc.asyncProperty(damage, async (one) => void (await refused(one))),
      { numRuns: 150 },
    );
  });
});

it('two archives of any files are read back as they were written', () => {
  const names = fc.stringMatching(/^[a-z0-9/.]{1,100}$/);
  fc.assert(
    fc.property(names, fc.nat({ max: 8 ** 11 - 1 }), (name, bytes) => {
      expect(parseTarHeader(tarHeader({ name, bytes }))).toEqual({ name, bytes });
    }),
  );
  const long = 'x'.repeat(101);
  expect(() => tarHeader({ name: long, bytes: 0 })).toThrow(`the name ${long} is too long for a bundle`);
  expect(() => tarHeader({ name: 'x', bytes: 8 ** 11 })).toThrow('x is too large for a bundle');
  const digest: Digest = digestOfBytes('x');
  expect(tarHeader({ name: `objects/${digest}`, bytes: 3 }).toString('latin1')).toContain('ustar\x0000');
});
