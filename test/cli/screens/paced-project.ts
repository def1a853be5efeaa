import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { Project } from '../rig.ts';

/** Answers as many questions as its file of the folder `pace` says, and waits for more. */
const JUDGE = `
const { readFileSync } = require('node:fs');
const file = 'PACE/' + process.argv[2];
const allowed = () => { try { return Number(readFileSync(file, 'utf8')); } catch { return 0; } };
const waiting = [];
let done = 0;
const answer = () => {
  while (waiting.length > 0 && done < allowed()) {
    console.log(JSON.stringify({ index: waiting.shift(), score: 50 }));
    done++;
  }
};
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  waiting.push(JSON.parse(line).index);
  answer();
}).on('close', () => clearInterval(timer));
const timer = setInterval(answer, 20);
`;

/** Notes the process of its stage, waits for its file of the folder `pace`, and ends as that says: `ok`, or `fail`, with some lines before. */
const STEP = `
const { existsSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const file = 'PACE/' + process.argv[2];
mkdirSync('PACE', { recursive: true });
writeFileSync(file + '.process', String(process.ppid));
const timer = setInterval(() => {
  if (!existsSync(file)) return;
  clearInterval(timer);
  if (readFileSync(file, 'utf8') === 'ok') return writeFileSync('o', '');
  for (let line = 1; line <= 20; line++) console.log('line ' + line);
  console.error('there is no such table');
  process.exitCode = 3;
}, 20);
`;

const RESPONSES = JSON.stringify(
  Array.from({ length: 8 }, (_, index) => ({
    instruction: `Question ${index}`,
    input: '',
    output: 'yes',
    model_response: 'no',
  })),
);

/** All stages of a test may work at once, on any machine. */
const PACED = 'resources: { cpu: 0 }';

/** A project whose stages wait for files, and whose clock stands still until it is set. */
export class PacedProject extends Project {
  constructor() {
    super({ 'responses.json': RESPONSES });
    this.write('judge.cjs', JUDGE.replace('PACE', this.path('pace')));
    this.write('step.cjs', STEP.replaceAll('PACE', this.path('pace')));
    this.setClock(0);
  }

  /** A stage that waits for `pace/NAME`. */
  step(name: string, ...needs: readonly string[]): string {
    const inputs = ['script: { file: ./step.cjs }', ...needs.map((need, index) => `i${index}: ${need}.o`)];
    return `{ uses: command, inputs: { ${inputs.join(', ')} }, with: { run: [node, inputs/script, '${name}'], outputs: { o: o } }, ${PACED} }`;
  }

  /** A stage that answers 8 questions, as many as `pace/NAME` says. */
  judge(name: string): string {
    return `{ uses: judge, inputs: { responses: { file: ./responses.json }, program: { file: ./judge.cjs } }, with: { judge: { kind: command, label: Paced, command: [node, inputs/program, '${name}'] } }, ${PACED} }`;
  }

  /** Lets a stage go on: it ends with `ok` or `fail`, or has answered a number of questions. */
  let(name: string, may: 'ok' | 'fail' | number): void {
    this.#put(join('pace', name), String(may));
  }

  setClock(seconds: number): void {
    this.#put('clock', String(seconds * 1000));
  }

  /** Nobody ever reads half of it. */
  #put(path: string, text: string): void {
    this.write(`${path}.new`, text);
    renameSync(this.path(`${path}.new`), this.path(path));
  }
}
