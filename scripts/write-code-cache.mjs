#!/usr/bin/env node
// Leaves V8's compiled code of dist/command-line.cjs beside it, for the version of Node that runs this (src/cli/main.ts
// reads it). V8 puts in what has been called by then: a run of a small pipeline that is up to date, because that is the
// run that has to be quick.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { root } from './import-source.mjs';

const PIPELINE = `schema: 1
name: warm-up
params: { text: hello }
stages:
  write:
    uses: command
    with: { run: "echo \${params.text} > text", outputs: { text: text } }
  copy:
    uses: command
    inputs: { text: write.text }
    with: { run: "cat inputs/text > text", outputs: { text: text } }
`;

const folder = mkdtempSync(join(tmpdir(), 'pipe-build-'));
try {
  writeFileSync(join(folder, 'pipeline.yaml'), PIPELINE);
  const args = ['run', join(folder, 'pipeline.yaml'), '--artifacts', join(folder, 'artifacts')];
  execFileSync(process.execPath, [join(root, 'dist/pipe.cjs'), ...args], { stdio: 'inherit' });

  const program = join(root, 'dist/command-line.cjs');
  const script = new Script(module.wrap(readFileSync(program, 'latin1')), {
    filename: program,
  });
  const loaded = { exports: {} };
  const require = createRequire(program);
  script.runInThisContext()(loaded.exports, require, loaded, program, dirname(program));
  await loaded.exports.runCommandLine(args);

  const file = `${program}.${process.version}-${process.platform}-${process.arch}`;
  writeFileSync(`${file}.${process.pid}`, script.createCachedData());
  renameSync(`${file}.${process.pid}`, file);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
