// What the benchmarks of whole processes share: time, memory, quantiles, and the machine that they ran on.
import { spawn } from 'node:child_process';
import { cpus } from 'node:os';

/** Runs Node with `args` to its end. Throws if it fails. Its standard input, output and error go nowhere. */
async function run(args, cwd, stdio) {
  const child = spawn(process.execPath, args, { cwd, stdio });
  const texts = [];
  child.stdio[3]?.on('data', (bytes) => texts.push(bytes));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}`);
  return Buffer.concat(texts).toString();
}

/** Milliseconds that a Node process took from start to end. Throws if it fails. */
export async function timed(args, cwd, stdio = 'ignore') {
  const start = performance.now();
  await run(args, cwd, stdio);
  return performance.now() - start;
}

/** Writes the peak of a process's memory (kilobytes) to descriptor 3 as it exits. */
const TELL_MEMORY = `data:text/javascript,import { writeSync } from 'node:fs';
process.once('exit', () => writeSync(3, String(process.resourceUsage().maxRSS)));`;

/** Peak memory of a Node process in megabytes (10⁶ bytes). Throws if it fails. */
export async function peakMemory(args, cwd) {
  const kilobytes = await run(['--import', TELL_MEMORY, ...args], cwd, [
    'ignore',
    'ignore',
    'ignore',
    'pipe',
  ]);
  return (Number(kilobytes) * 1024) / 1e6;
}

/** Value below which the given share of the samples lies. */
export function quantile(samples, share) {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)];
}

export function median(samples) {
  return quantile(samples, 0.5);
}

/** Node's version and the processor, for the head of a table. */
export function machine() {
  return `Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model}`;
}
