import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileInputs } from '../../src/runner/file-inputs.ts';
import { openWorkspace } from '../../src/runner/workspace.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pipe-files-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** As a new run sees the files. */
const inputs = () => new FileInputs(openWorkspace(join(directory, 'artifacts'), () => {}));

/** Writes a file that looks as if it had been left alone for a while. */
function write(path: string, text: string, time = 1000): string {
  const file = join(directory, path);
  writeFileSync(file, text);
  utimesSync(file, time, time);
  return file;
}

describe('file inputs', () => {
  it('stay what they were when the run began', async () => {
    const file = write('data.txt', 'before');
    const run = inputs();
    const before = await run.artifact(file);
    write('data.txt', 'edited', 2000);
    expect(await run.artifact(file)).toEqual(before);
    expect((await inputs().artifact(file)).digest).not.toBe(before.digest);
  });

  it('are read again only when something about them has changed', async () => {
    const file = write('data.txt', 'one');
    const before = await inputs().artifact(file);
    write('data.txt', 'two'); // same size, time and inode: whoever does that on purpose is not noticed
    expect(await inputs().artifact(file)).toEqual(before);
    write('data.txt', 'two', 1001);
    expect((await inputs().artifact(file)).digest).not.toBe(before.digest);
  });

  it('that were written a moment ago are always read', async () => {
    const file = join(directory, 'data.txt');
    writeFileSync(file, 'one');
    const before = await inputs().artifact(file);
    writeFileSync(file, 'two');
    expect((await inputs().artifact(file)).digest).not.toBe(before.digest);
  });

  it('may be directories: a file that is added or renamed is noticed', async () => {
    mkdirSync(join(directory, 'data'));
    write('data/a', 'a');
    const path = join(directory, 'data');
    const digests = [(await inputs().artifact(path)).digest];
    expect((await inputs().artifact(path)).digest).toBe(digests[0]);
    write('data/b', 'b');
    digests.push((await inputs().artifact(path)).digest);
    mkdirSync(join(path, 'empty'));
    digests.push((await inputs().artifact(path)).digest);
    expect(new Set(digests).size).toBe(3);
  });

  it('are stored again when the store has lost them, unless they have been edited since', async () => {
    const file = write('data.txt', 'one');
    const run = inputs();
    await run.artifact(file);
    const objects = join(directory, 'artifacts/cache/objects');
    rmSync(objects, { recursive: true });
    await run.restore(file);
    expect(readdirSync(objects)).toHaveLength(1);
    write('data.txt', 'two', 2000);
    await expect(run.restore(file)).rejects.toThrow(`${file} was edited while the run read it`);
  });
});
