import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadEngine } from '../../../src/engine/load-engine.ts';
import { Checkpoints } from '../../../src/training/state/checkpoint.ts';

interface State {
  readonly losses: readonly number[];
}

let folder: string;
let warnings: string[];
beforeAll(async () => {
  await loadEngine('cpu');
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-checkpoint-'));
  for (const name of ['first', 'second']) mkdirSync(join(folder, name));
  warnings = [];
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  tf.disposeVariables();
});

const at = (...path: string[]) => join(folder, ...path);
const checkpoints = (own: string, ...earlier: string[]) =>
  new Checkpoints<State>(
    at(own),
    earlier.map((name) => at(name)),
    (message) => warnings.push(message),
  );

function variables(values: number[]): Map<string, tf.Variable> {
  return new Map<string, tf.Variable>([
    ['weight', tf.variable(tf.tensor2d(values, [2, 2]))],
    ['bias', tf.variable(tf.tensor1d([values[0]!]))],
  ]);
}
const values = (map: ReadonlyMap<string, tf.Variable>) => [...map.values()].map((v) => [...v.dataSync()]);

describe('Checkpoints', () => {
  it('gives back every bit of variables and state', async () => {
    const written = variables([0.1, -0, Number.MIN_VALUE, 3e38]);
    const state = { losses: [1 / 3, Number.MIN_VALUE, 1.7976931348623157e308, 0.1 + 0.2] };
    await checkpoints('first').save(7, written, state);
    const read = variables([0, 0, 0, 0]);
    expect(await checkpoints('first').restore(read)).toEqual(state);
    expect(values(read)).toEqual(values(written));
  });

  it('finds nothing where nothing was saved', async () => {
    expect(await checkpoints('first', 'missing').restore(variables([0, 0, 0, 0]))).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it('lists the digests of its files as sha256sum(1) does', async () => {
    await checkpoints('first').save(7, variables([1, 2, 3, 4]), { losses: [] });
    const path = at('first', 'step-0000000007');
    const line = (name: string) => {
      const digest = createHash('sha256')
        .update(readFileSync(join(path, name)))
        .digest('hex');
      return `${digest}  ${name}\n`;
    };
    expect(readFileSync(join(path, 'SHA256SUMS'), 'utf8')).toBe(
      line('tensors.safetensors') + line('state.json'),
    );
  });

  it('keeps the newest only, in its own folder', async () => {
    await checkpoints('first').save(9, variables([1, 2, 3, 4]), { losses: [1] });
    mkdirSync(at('first', 'step-0000000011.unfinished'));
    const second = checkpoints('second', 'first');
    for (const step of [10, 11]) await second.save(step, variables([step, 0, 0, 0]), { losses: [step] });
    expect(readdirSync(at('first'))).toEqual([]);
    expect(readdirSync(at('second'))).toEqual(['step-0000000011']);
  });

  it('takes the newest of all attempts', async () => {
    await checkpoints('first').save(12, variables([12, 0, 0, 0]), { losses: [12] });
    await checkpoints('second').save(3, variables([3, 0, 0, 0]), { losses: [3] });
    expect(await checkpoints('second', 'first').restore(variables([0, 0, 0, 0]))).toEqual({ losses: [12] });
  });

  it('saves a second time at the same step', async () => {
    const own = checkpoints('first');
    await own.save(5, variables([1, 0, 0, 0]), { losses: [1] });
    await own.save(5, variables([2, 0, 0, 0]), { losses: [2] });
    expect(await own.restore(variables([0, 0, 0, 0]))).toEqual({ losses: [2] });
  });

  it('warns where it cannot be written, and leaves the one before', async () => {
    await checkpoints('first').save(1, variables([1, 2, 3, 4]), { losses: [1] });
    writeFileSync(at('file'), '');
    await checkpoints('file', 'first').save(2, variables([5, 6, 7, 8]), { losses: [2] });
    expect(warnings).toEqual([
      expect.stringMatching(/^no checkpoint after 2 updates could be written: ENOTDIR/),
    ]);
    expect(readdirSync(at('first'))).toEqual(['step-0000000001']);
  });

  const damage: Record<string, (path: string) => void> = {
    'a flipped bit': (path) => {
      const bytes = readFileSync(join(path, 'tensors.safetensors'));
      bytes[bytes.length - 3]! ^= 4;
      writeFileSync(join(path, 'tensors.safetensors'), bytes);
    },
    'a file cut short': (path) => truncateSync(join(path, 'tensors.safetensors'), 100),
    'a changed state': (path) => appendFileSync(join(path, 'state.json'), ' '),
    'a missing file': (path) => rmSync(join(path, 'state.json')),
    'no digests': (path) => truncateSync(join(path, 'SHA256SUMS')),
    'a write that did not end': (path) => renameSync(path, `${path}.unfinished`),
  };
  it.each(Object.keys(damage))('falls back to the one before for %s', async (name) => {
    await checkpoints('first').save(1, variables([1, 2, 3, 4]), { losses: [1] });
    await checkpoints('second').save(2, variables([5, 6, 7, 8]), { losses: [2] });
    damage[name]!(at('second', 'step-0000000002'));
    const read = variables([0, 0, 0, 0]);
    expect(await checkpoints('second', 'first').restore(read)).toEqual({ losses: [1] });
    expect(values(read)).toEqual([[1, 2, 3, 4], [1]]);
    if (name !== 'a write that did not end') {
      expect(warnings).toEqual([expect.stringMatching(/^checkpoint .*step-0000000002 is skipped: /)]);
    }
  });

  it('leaves the variables alone where the checkpoint is of another model', async () => {
    await checkpoints('first').save(1, variables([1, 2, 3, 4]), { losses: [1] });
    const other = new Map([...variables([0, 0, 0, 0])].slice(0, 1));
    expect(await checkpoints('first').restore(other)).toBeUndefined();
    expect(values(other)).toEqual([[0, 0, 0, 0]]);
    expect(warnings).toEqual([expect.stringContaining('it belongs to another model')]);
  });

  describe('with a file that belongs to it', () => {
    const read = (...path: string[]) => readFileSync(at(...path), 'utf8');

    it('keeps the file, and gives it its place where a later attempt writes', async () => {
      writeFileSync(at('first', 'best-1'), 'weights');
      await checkpoints('first').save(1, variables([1, 2, 3, 4]), { losses: [] }, [at('first', 'best-1')]);
      rmSync(at('first', 'best-1'));
      writeFileSync(at('second', 'best-1'), 'something older');
      await checkpoints('second', 'first').restore(variables([0, 0, 0, 0]));
      expect(read('second', 'best-1')).toBe('weights');

      await checkpoints('second', 'first').save(2, variables([1, 2, 3, 4]), { losses: [] }, [
        at('second', 'best-1'),
      ]);
      expect(readdirSync(at('first'))).toEqual([]);
      expect(read('second', 'step-0000000002', 'best-1')).toBe('weights');
      expect(warnings).toEqual([]);
    });

    it('is not whole without it', async () => {
      writeFileSync(at('first', 'best-1'), 'weights');
      await checkpoints('first').save(1, variables([1, 2, 3, 4]), { losses: [] }, [at('first', 'best-1')]);
      rmSync(at('first', 'step-0000000001', 'best-1'));
      expect(await checkpoints('first').restore(variables([0, 0, 0, 0]))).toBeUndefined();
      expect(warnings).toEqual([expect.stringContaining('its bytes are not those that were written')]);
    });
  });
});
