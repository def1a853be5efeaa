import { describe, expect, it } from 'vitest';
import { type Order, observing, puppet } from '../runner/fixtures/stage-types.ts';
import { rig, rigForEachTest } from '../runner/rig-for-each-test.ts';

rigForEachTest();

describe('the process of a stage', () => {
  it('tells no value of a secret, whatever it says and however it ends', async () => {
    const secret = 'tok-"1234"';
    const environment = { PATH: process.env.PATH, TOKEN: secret };
    const told = async (order: Order) => {
      const stage = { type: puppet, settings: rig.led('a'), secrets: ['TOKEN'] };
      const run = rig.start({ a: stage }, { environment });
      (await rig.puppet('a')).send(order);
      return (await run.finished).stage('a').error?.message;
    };
    expect(await told({ do: 'fail', message: `refused: ${secret}` })).toBe('refused: ***TOKEN***');
    expect(await told({ do: 'crash-later', message: `lost ${secret}` })).toContain('Error: lost ***TOKEN***');
    expect(rig.filesThatHold('tok-')).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('says what to do where the disk is full', async () => {
    const run = rig.start({ a: { type: puppet, settings: rig.led('a') } });
    (await rig.puppet('a')).send({ do: 'fill-disk' });
    expect((await run.finished).stage('a').error).toEqual({
      message: 'Cannot finish the work of the stage: the disk is full.',
      hint: expect.stringMatching(/^Free some space on that disk, or give another folder with --artifacts\./),
    });
  });

  it('fails a stage whose observed facts are others after its work than before', async () => {
    const world = rig.write('world.json', '{"model":"one"}');
    const run = rig.start({ a: { type: observing, settings: { ...rig.led('a'), world } } });
    const a = await rig.puppet('a');
    rig.write('world.json', '{"model":"two"}');
    a.send({ do: 'finish' });
    expect((await run.finished).stage('a').error).toEqual({
      message: 'model changed while the stage ran, from "one" to "two"',
      hint: 'The result would mix both. Keep the server as it is and run again.',
    });
  });
});
