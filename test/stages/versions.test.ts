import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { versionOf } from '../../src/contract/stage-type.ts';
import { stageTypes } from '../../src/stages/index.ts';
import { freshDirectory, removeDirectories, resolvedSettings, runStage, type StageRun } from './run-stage.ts';
import { PINS, startServers } from './version-pins.ts';

let endServers: () => Promise<void>;
beforeAll(async () => {
  endServers = await startServers();
});
afterAll(() => endServers());
afterEach(removeDirectories);

/** Enough of each digest to tell that it is another one. */
const shortDigests = ({ digests }: StageRun) =>
  Object.fromEntries(Object.entries(digests).map(([name, digest]) => [name, digest.slice(0, 16)]));

it('every stage type is pinned', () => {
  expect(new Set(PINS.map(({ uses }) => uses))).toEqual(new Set(stageTypes.keys()));
});

it.each(PINS)('$uses, version $version, gives what is pinned for $fixture', async (pin) => {
  const type = stageTypes.get(pin.uses)!;
  const settings = pin.settings?.() ?? {};
  const run = await runStage(type, {
    with: settings,
    inputs: (await pin.inputs?.(freshDirectory())) ?? {},
    ...(type.tensors && { engine: 'wasm' }),
  });
  const given = pin.of ? await pin.of(run) : shortDigests(run);
  const advice = `outputs of ${pin.uses} have changed: raise its version, and pin version and outputs anew`;
  const version = versionOf(type, resolvedSettings(type, settings));
  expect({ version, given }, advice).toEqual({ version: pin.version, given: pin.gives });
});
