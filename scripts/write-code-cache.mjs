#!/usr/bin/env node
// Lets dist/pipe.cjs leave its compiled code for the version of Node that runs this (src/cli/main.ts). V8 puts in what
// has been called: the second run of a small pipeline, which is up to date, because that run has to be quick, and a plan of it
// for the other verbs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

const dist = join(root, 'dist');
const folder = mkdtempSync(join(tmpdir(), 'pipe-build-'));
try {
  writeFileSync(join(folder, 'pipeline.yaml'), PIPELINE);
  const args = [join(folder, 'pipeline.yaml'), '--artifacts', join(folder, 'artifacts')];
  for (const verb of ['run', 'run', 'plan']) {
    const script = `${verb === 'run' ? 'run' : 'command'}-line.cjs.`;
    for (const name of readdirSync(dist)) {
      if (name.startsWith(script)) rmSync(join(dist, name));
    }
    execFileSync(process.execPath, [join(dist, 'pipe.cjs'), verb, ...args], { stdio: 'inherit' });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
