import { once } from 'node:events';
import { createWriteStream, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { explained } from '../cache/cache-error.ts';
import { RESULT_VERSION, type StageResult } from '../contract/result.ts';
import type { StageSpec } from '../contract/spec.ts';
import type { StageEvent } from '../contract/stage-event.ts';
import { attemptFiles } from './attempt-files.ts';
import type { AttemptHandle, Executor, Surroundings } from './executor.ts';
import { followLines } from './follow-lines.ts';
import { describeDeath, type ProcessExit } from './process-death.ts';
import { endGroup, killGroup } from './process-group.ts';

/** Runs stages on this machine, each in a process group of its own. `hostFile` is the built `stage-host.js`. */
export class LocalExecutor implements Executor {
  readonly #hostFile: string;

  constructor(hostFile: string) {
    this.#hostFile = hostFile;
  }

  start(spec: StageSpec, surroundings: Surroundings): AttemptHandle {
    return new LocalAttempt(this.#hostFile, spec, surroundings);
  }
}

class LocalAttempt implements AttemptHandle {
  readonly events: AsyncIterable<StageEvent>;
  readonly done: Promise<StageResult>;
  readonly #spec: StageSpec;
  #group: number | undefined;
  #killed = false;

  constructor(hostFile: string, spec: StageSpec, surroundings: Surroundings) {
    this.#spec = spec;
    const ended = this.#execute(hostFile, surroundings);
    this.events = parsedEvents(attemptFiles(spec.attemptDirectory).events, ended);
    this.done = ended.then((exit) => this.#result(exit, surroundings.log));
  }

  cancel(): void {
    writeFileSync(attemptFiles(this.#spec.attemptDirectory).cancel, '');
  }

  kill(): void {
    this.#killed = true;
    if (this.#group !== undefined) killGroup(this.#group);
  }

  /** Settles when no process of the group is left: until then one of them could still write an output. */
  async #execute(hostFile: string, { environment, log }: Surroundings): Promise<ProcessExit> {
    const { execa } = await import('execa'); // only now: a run of hits starts no process
    const output = createWriteStream(log, { flags: 'a' });
    try {
      await explained(`write ${log}`, () => once(output, 'open')); // its descriptor is handed down: nothing of the log passes through the runner
      const subprocess = execa(process.execPath, [hostFile, attemptFiles(this.#spec.attemptDirectory).spec], {
        cwd: this.#spec.attemptDirectory,
        env: { ...environment },
        extendEnv: false,
        detached: true, // leads a process group
        stdin: 'pipe', // open for as long as we live: its end is our death
        stdout: output,
        stderr: output,
        buffer: false,
        reject: false,
      });
      this.#group = subprocess.pid;
      if (this.#killed) this.kill();
      const { exitCode, signal, message } = await subprocess;
      if (subprocess.pid === undefined) throw new Error(message);
      await endGroup(subprocess.pid);
      return { exitCode, signal };
    } finally {
      output.destroy();
    }
  }

  async #result(exit: ProcessExit, log: string): Promise<StageResult> {
    const text = await readFile(attemptFiles(this.#spec.attemptDirectory).result, 'utf8').catch(
      () => undefined,
    );
    if (text === undefined) {
      return { result: RESULT_VERSION, status: 'failed', error: await describeDeath(exit, log) };
    }
    return JSON.parse(text) as StageResult;
  }
}

async function* parsedEvents(file: string, ended: Promise<unknown>): AsyncGenerator<StageEvent> {
  for await (const line of followLines(file, ended)) {
    const event = parseEvent(line);
    if (event) yield event;
  }
}

/** A full disk may have cut a line short and let the next one follow it. */
function parseEvent(line: string): StageEvent | undefined {
  try {
    return JSON.parse(line) as StageEvent;
  } catch {
    return undefined;
  }
}
