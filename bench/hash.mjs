#!/usr/bin/env node
// How fast stored objects are hashed when they are read, beside the system's `sha256sum` on the same file. Both run in
// turns, so that a busy machine slows both; medians are compared. The file is in the page cache: the disk is not measured.
// Fair in that both read the whole file from the same place; unfair to `sha256sum` in that it is a process to start (1 ms).
//
//   npm run bench:hash               11 pairs on 1 GiB
//   npm run bench:hash -- 31         more pairs
import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { importSource } from '../scripts/import-source.mjs';

const PAIRS = Number(process.argv[2] ?? 11);
const BYTES = 2 ** 30;
const TARGET = 1; // GB/s

const { digestOfFile, copyWithDigest } = await importSource(`
  export { copyWithDigest, digestOfFile } from './src/files/digest.ts';`);

/** Seconds that something took. */
async function timed(work) {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

function median(samples) {
  return samples.toSorted((a, b) => a - b)[samples.length >> 1];
}

const folder = mkdtempSync(join(tmpdir(), 'pipe-bench-'));
try {
  const file = join(folder, 'object');
  const chunk = randomFillSync(Buffer.alloc(1 << 20));
  const handle = openSync(file, 'w');
  for (let written = 0; written < BYTES; written += chunk.length) writeSync(handle, chunk);
  closeSync(handle);

  const expected = execFileSync('sha256sum', [file], { encoding: 'utf8' }).slice(0, 64);
  if ((await digestOfFile(file)).digest !== expected) throw new Error('the two digests differ');

  const samples = { hash: [], copy: [], system: [] };
  for (let pair = 0; pair < PAIRS; pair++) {
    samples.system.push(await timed(() => execFileSync('sha256sum', [file])));
    samples.hash.push(await timed(() => digestOfFile(file)));
    samples.copy.push(await timed(() => copyWithDigest(file, join(folder, 'copy'))));
    rmSync(join(folder, 'copy'));
  }
  console.log(
    `${PAIRS} rounds, 1 GiB, Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model}\n`,
  );
  const rate = (name) => BYTES / 1e9 / median(samples[name]);
  const row = (text, name) => console.log(`${text.padEnd(36)}${rate(name).toFixed(2).padStart(6)} GB/s`);
  row('sha256sum', 'system');
  row('pipe hashes an object', 'hash');
  row('pipe copies it and hashes the copy', 'copy');
  console.log(`\ntarget: at least ${TARGET} GB/s to hash, ${rate('hash') >= TARGET ? 'reached' : 'missed'}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
