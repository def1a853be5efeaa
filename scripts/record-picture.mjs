#!/usr/bin/env node
// Records docs/pictures/quickstart.svg: runs the quickstart in a terminal of tmux and keeps some of its screens.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { importSource, root } from './import-source.mjs';
import { styledRows } from './picture/styled-screen.mjs';
import { recordingSvg } from './picture/svg.mjs';

const COLUMNS = 92;
const RUN = 'npx pipe run pipelines/quickstart.yaml';
const PLAN = 'npx pipe plan pipelines/quickstart.yaml --set learning_rate=2e-3';

const { Tmux } = await importSource("export { Tmux } from './test/cli/screens/tmux.ts';");
const folder = mkdtempSync(join(tmpdir(), 'pipe-picture-'));
cpSync(join(root, 'pipelines'), join(folder, 'pipelines'), { recursive: true });
writeFileSync(join(folder, 'package.json'), '{}');
const typed = (command) =>
  `printf '\\033[32m$\\033[0m \\033[1m%s\\033[0m\\n' '${command}'; ${command.replace('npx pipe', `${process.execPath} ${join(root, 'dist/pipe.cjs')}`)}`;
const terminal = new Tmux(
  `${typed(RUN)}; read -r line; clear; ${typed(PLAN)}; echo`,
  folder,
  { columns: COLUMNS, rows: 24 },
  { PATH: process.env.PATH, HOME: folder, LANG: 'C.UTF-8' },
);
try {
  const screens = [
    { until: /[1-5] of 10 stages done/, seconds: 2 },
    { until: /train .* \d{1,2} %, .* left/, seconds: 2 },
    { until: /train .* [3-4]\d %, .* left/, seconds: 2 },
    { until: /train .* [7-9]\d %, .* left/, seconds: 2 },
    { until: /✔ train/, seconds: 2 },
    { until: /Succeeded in.*Open in/s, seconds: 5, still: true },
    { until: /stages? to run/, seconds: 6 },
  ];
  const recorded = [];
  for (const { until, ...shown } of screens) {
    while (!until.test(terminal.text())) await setTimeout(50);
    recorded.push({ rows: styledRows(terminal.styled()), ...shown });
    if (shown.still) terminal.press('Enter'); // for which the shell waits
  }
  mkdirSync(join(root, 'docs/pictures'), { recursive: true });
  const label =
    'A terminal in which pipe runs the quickstart, shows its stages and progress, and then says what a change would run';
  writeFileSync(join(root, 'docs/pictures/quickstart.svg'), recordingSvg(recorded, COLUMNS, label));
} finally {
  terminal.close();
  rmSync(folder, { recursive: true, maxRetries: 20 });
}
