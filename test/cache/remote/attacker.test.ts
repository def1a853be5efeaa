import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { encodeRecord } from '../../../src/cache/records/action-record.ts';
import type { RemoteStore, Source } from '../../../src/cache/remote/stores/remote-store.ts';
import { signRecord, storedName } from '../../../src/cache/remote/trust/signed-record.ts';
import { keyId } from '../../../src/cache/remote/trust/trusted-keys.ts';
import { digestOfBytes } from '../../../src/files/digest.ts';
import { Random } from '../../faults/seeded.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { contentOf, machine, madeResult, newKey, readOutputs, storeOf, trusted } from './shared-store.ts';

/*
 * Somebody may write whatever he likes into the bucket, and has a key that pull requests use. A reader who believes the key of main's
 * CI gets what that has made, byte for byte, or nothing. `npm run attack` makes 20,000 attempts.
 */

const ATTEMPTS = Number(process.env.PIPE_ATTACKS ?? 200);

/** A bucket that gives what the attacker has put there. */
class HostileStore implements RemoteStore {
  readonly address = 'the bucket';
  readonly content: Map<string, Buffer>;
  /** Names whose bytes never end. */
  readonly endless = new Set<string>();

  constructor(content: ReadonlyMap<string, Buffer>) {
    this.content = new Map(content);
  }

  async get(name: string, from: number): Promise<AsyncIterable<Uint8Array> | undefined> {
    const bytes = this.content.get(name);
    return bytes && chunks(bytes.subarray(from), this.endless.has(name));
  }

  async size(name: string): Promise<number | undefined> {
    return this.content.get(name)?.byteLength;
  }

  async put(_name: string, _source: Source): Promise<void> {}
}

async function* chunks(bytes: Buffer, endless: boolean): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, bytes.length >> 1);
  yield bytes.subarray(bytes.length >> 1);
  while (endless) yield Buffer.alloc(1 << 20);
}

/** What is in the bucket, and what an attacker knows. */
async function prize() {
  const root = await temporaryDirectory();
  const ci = newKey();
  const pull = newKey();
  const cache = join(root, 'ci');
  const results = await Promise.all(
    ['one', 'two', 'three'].map((name, i) =>
      madeResult(cache, name, [`${name} a`, `${name} b`.repeat(1 + 50_000 * i)]),
    ),
  );
  await storeOf(join(root, 'store'), results, cache, ci);
  const earlier = { ...results[0]!, provenance: { run: 'an earlier one' } };
  const content = await contentOf(join(root, 'store'));
  return { root, ci, pull, results, earlier, content };
}
type Prize = Awaited<ReturnType<typeof prize>>;

/** Ways to attack; each changes the bucket. */
const ATTACKS: Readonly<Record<string, (store: HostileStore, prize: Prize, random: Random) => void>> = {
  'flips a bit'({ content }, _, random) {
    const [name, bytes] = random.pick([...content]);
    const flipped = Buffer.from(bytes);
    flipped[random.below(flipped.length)]! ^= 1 << random.below(8);
    content.set(name, flipped);
  },
  'cuts off'({ content }, _, random) {
    const [name, bytes] = random.pick([...content]);
    content.set(name, bytes.subarray(0, random.below(bytes.length)));
  },
  appends({ content }, _, random) {
    const [name, bytes] = random.pick([...content]);
    content.set(name, Buffer.concat([bytes, Buffer.from('more')]));
  },
  'swaps two'({ content }, _, random) {
    const [one, bytes] = random.pick([...content]);
    const [other, others] = random.pick([...content]);
    content.set(one, others).set(other, bytes);
  },
  removes({ content }, _, random) {
    content.delete(random.pick([...content.keys()]));
  },
  'never ends'({ content, endless }, _, random) {
    if (random.chance(0.9)) return; // each costs as much as the largest list of a folder may have
    endless.add(random.pick([...content.keys()]));
  },
  'signs a record of his own'({ content }, { pull, ci, results }, random) {
    const [victim, other] = [random.pick(results), random.pick(results)];
    const forged = { ...victim, outputs: other.outputs, provenance: { run: 'forged' } };
    const text = signRecord(forged, random.pick(['main', 'pr/1']), pull);
    content.set(
      storedName({ ...victim, scope: 'main' }, keyId(random.pick([ci, pull]).key)),
      Buffer.from(text),
    );
  },
  'claims to be CI'({ content }, { pull, ci, results }, random) {
    const victim = random.pick(results);
    const forged = {
      ...JSON.parse(signRecord({ ...victim, outputs: {} }, 'main', pull)),
      writer: keyId(ci.key),
    };
    content.set(storedName({ ...victim, scope: 'main' }, keyId(ci.key)), Buffer.from(JSON.stringify(forged)));
  },
  'keeps the signature and changes the record'({ content }, { ci, results, content: before }, random) {
    const victim = random.pick(results);
    const name = storedName({ ...victim, scope: 'main' }, keyId(ci.key));
    const stored = JSON.parse(before.get(name)!.toString());
    const record = encodeRecord({
      ...victim,
      outputs: random.pick(results).outputs,
      provenance: { run: 'changed' },
    });
    content.set(name, Buffer.from(JSON.stringify({ ...stored, record })));
  },
  'replays a record as another action'({ content }, { ci, results, content: before }, random) {
    const nameOf = (i: number) => storedName({ ...results[i]!, scope: 'main' }, keyId(ci.key));
    const at = random.below(results.length);
    content.set(nameOf(at), before.get(nameOf((at + 1) % results.length))!);
  },
  'replays what CI signed for a branch'({ content }, { ci, results }, random) {
    const victim = random.pick(results);
    const branch = signRecord({ ...victim, outputs: {} }, 'pr/7', ci);
    content.set(storedName({ ...victim, scope: 'main' }, keyId(ci.key)), Buffer.from(branch));
  },
  'replays it for another state of the world'({ content }, { ci, results }, random) {
    const victim = random.pick(results);
    const other = signRecord({ ...victim, observed: { model: 'evil' }, outputs: {} }, 'main', ci);
    content.set(storedName({ ...victim, scope: 'main' }, keyId(ci.key)), Buffer.from(other));
  },
  'writes what is no record'({ content }, { ci, results }, random) {
    const name = storedName({ ...random.pick(results), scope: 'main' }, keyId(ci.key));
    const nonsense = [
      'null',
      '[]',
      '{"__proto__":{"record":1}}',
      '{"format":"pipe-record-1"}',
      '"../../x"',
      '\0',
      '<html>',
    ];
    content.set(name, Buffer.from(random.pick(nonsense)));
  },
};

it(`in ${ATTEMPTS} attempts an attacker who may write everywhere makes a reader use no wrong byte`, {
  timeout: 60_000 + ATTEMPTS * 100,
}, async () => {
  const bucket = await prize();
  const { root, ci, pull, results, content } = bucket;
  const keys = [trusted('ci', ci, 'main'), trusted('pulls', pull, 'pr/*')];
  const truth = await Promise.all(
    results.map((result) =>
      readOutputs(result, machine(join(root, 'ci'), new HostileStore(content), { keys }).objects),
    ),
  );
  const refused = new Map<string, number>();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const random = new Random('attacker', attempt);
    const store = new HostileStore(content);
    const attacks = Array.from({ length: 1 + random.below(3) }, () => random.pick(Object.entries(ATTACKS)));
    for (const [, attack] of attacks) attack(store, bucket, random);
    const told = `attempt ${attempt}: ${attacks.map(([name]) => name).join(', ')}`;
    const cacheDirectory = join(root, 'reader');
    const { remote, objects, problems } = machine(cacheDirectory, store, { keys });
    for (const [i, result] of results.entries()) {
      const believed = await remote.record(result.key, {});
      if (believed === undefined) continue;
      expect(believed, told).toEqual({ record: result, writer: 'ci' });
      for (const [name, text] of Object.entries(await readOutputs(believed.record, objects)))
        if (text !== undefined) expect(text, `${told}: ${name}`).toBe(truth[i]![name]);
    }
    for (const { code } of problems) refused.set(code, (refused.get(code) ?? 0) + 1);
    await rm(cacheDirectory, { recursive: true, force: true });
  }
  expect(refused.get('remote-refused')).toBeGreaterThan(ATTEMPTS / 4);
  expect(
    refused.get('remote-unreachable'),
    'what one name holds is no reason to do without the store',
  ).toBeUndefined();
  if (ATTEMPTS > 1000) console.log(`${ATTEMPTS} attempts, refused: ${JSON.stringify([...refused])}`);
});

it('notices that a record was put back to an earlier one, which its writer did sign', async () => {
  const { root, ci, results, earlier, content } = await prize();
  const keys = [trusted('ci', ci, 'main')];
  const store = new HostileStore(content);
  const { remote, problems } = machine(join(root, 'reader'), store, { keys });
  const [result] = results as [(typeof results)[number]];
  expect((await remote.record(result.key, {}))?.record).toEqual(result);
  const name = storedName({ ...result, scope: 'main' }, keyId(ci.key));
  store.content.set(name, Buffer.from(signRecord(earlier, 'main', ci)));
  expect(await remote.record(result.key, {})).toBeUndefined();
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('it is another one than was there before'),
  ]);
});

it('keeps pull requests apart: each reads main and its own, and main reads neither', async () => {
  const { root, ci, pull, results } = await prize();
  const keys = [trusted('ci', ci, 'main'), trusted('pulls', pull, 'pr/*')];
  const own = await madeResult(join(root, 'pull'), 'of pull request 1', ['x']);
  await storeOf(join(root, 'store'), [own], join(root, 'pull'), pull, 'pr/1');
  const store = new HostileStore(await contentOf(join(root, 'store')));
  const read = async (scope: string, key: (typeof own)['key']) =>
    (await machine(join(root, scope), store, { keys, scope }).remote.record(key, {}))?.writer;
  expect(await read('pr/1', own.key)).toBe('pulls');
  expect(await read('pr/1', results[0]!.key)).toBe('ci');
  expect(await read('pr/2', own.key)).toBeUndefined();
  expect(await read('main', own.key)).toBeUndefined();
});

it('takes a record that nobody has signed for none, and says nothing of what was never there', async () => {
  const { root, ci, results, content } = await prize();
  const store = new HostileStore(content);
  const { remote, problems } = machine(join(root, 'reader'), store, { keys: [trusted('ci', ci, 'main')] });
  expect(await remote.record(digestOfBytes('never made'), {})).toBeUndefined();
  expect(problems).toEqual([]);
  store.content.set(
    storedName({ ...results[0]!, scope: 'main' }, keyId(ci.key)),
    Buffer.from(encodeRecord(results[0]!)),
  );
  expect(await remote.record(results[0]!.key, {})).toBeUndefined();
  expect(problems).toMatchObject([
    { code: 'remote-refused', message: expect.stringContaining('it is no signed record') },
  ]);
});
