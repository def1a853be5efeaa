import { once } from 'node:events';
import { closeSync, createWriteStream, openSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { devNull } from 'node:os';
import { type AttemptFiles, attemptFiles } from '../../contract/attempt/attempt-files.ts';
import type { StageResult } from '../../contract/attempt/result.ts';
import type { StageSpec } from '../../contract/attempt/spec.ts';
import type { StageEvent } from '../../contract/attempt/stage-event.ts';
import { explained, orAbsent } from '../../files/system-problem.ts';
import { attemptEvents } from './attempt-events.ts';
import { failed, readResult } from './attempt-result.ts';
import type { AttemptHandle, OwnMachine, Surroundings } from './executor.ts';
import { endMarked, isMark, markingEnvironment, newMark } from './marked-processes.ts';
import { describeDeath, type ProcessExit } from './process-death.ts';
import { endGroup, killGroup } from './process-group.ts';
import { Watcher } from './watcher.ts';

/** For standard input, the pipe that reports a failed start, and the watcher's pipe. */
const SPAWN_DESCRIPTORS = 8;

/** Nobody sees here for whom it is. */
type LocalSurroundings = Omit<Surroundings, 'about'>;

/**
 * Runs stages on this machine, each in a process group of its own. Whatever of an attempt is alive when it has ended is
 * killed; when the runner itself dies, its watcher does that. `hostFile` is the built `stage-host.cjs`.
 */
export class LocalExecutor implements OwnMachine {
  readonly #hostFile: string;
  readonly #watcher = new Watcher();
  readonly chooseEngine: OwnMachine['chooseEngine'];

  /** `chooseEngine` finds out what works on this machine. */
  constructor(hostFile: string, chooseEngine: OwnMachine['chooseEngine']) {
    this.#hostFile = hostFile;
    this.chooseEngine = chooseEngine;
  }

  start(spec: StageSpec, surroundings: LocalSurroundings): AttemptHandle {
    return new LocalAttempt(this.#hostFile, this.#watcher, spec, surroundings);
  }

  async endRemains(attemptDirectory: string): Promise<void> {
    const mark = await orAbsent(readFile(attemptFiles(attemptDirectory).mark, 'utf8'));
    if (mark !== undefined && isMark(mark)) await endMarked([mark]);
  }

  async close(): Promise<void> {
    await this.#watcher.close();
  }
}

class LocalAttempt implements AttemptHandle {
  readonly events: AsyncIterable<StageEvent>;
  readonly done: Promise<StageResult>;
  readonly #directory: string;
  readonly #files: AttemptFiles;
  readonly #mark = newMark();
  #group: number | undefined;
  #killed = false;

  constructor(hostFile: string, watcher: Watcher, spec: StageSpec, surroundings: LocalSurroundings) {
    this.#directory = spec.attemptDirectory;
    this.#files = attemptFiles(this.#directory);
    const ended = this.#execute(hostFile, watcher, surroundings);
    this.events = attemptEvents(this.#files.events, ended);
    this.done = ended.then((exit) => this.#result(exit, surroundings.log));
  }

  /** Where the file cannot be written (a full disk, a folder that is gone) the stage could write no checkpoint either. */
  cancel(): void {
    try {
      writeFileSync(this.#files.cancel, '');
    } catch {
      this.kill();
    }
  }

  kill(): void {
    this.#killed = true;
    if (this.#group !== undefined) killGroup(this.#group);
  }

  /** Settles when nothing of the attempt is left: until then it could still write an output. */
  async #execute(
    hostFile: string,
    watcher: Watcher,
    { environment, log }: LocalSurroundings,
  ): Promise<ProcessExit> {
    const { execa } = await import('execa'); // only now: a run of hits starts no process
    const output = createWriteStream(log, { flags: 'a' });
    try {
      await explained(`write ${log}`, () => once(output, 'open')); // its descriptor is handed down: nothing of the log passes through the runner
      await explained('start the stage', async () => writeFileSync(this.#files.mark, this.#mark));
      await explained('start the stage', descriptorsForSpawn);
      watcher.watch(this.#mark);
      const subprocess = execa(process.execPath, [hostFile, this.#files.spec], {
        cwd: this.#directory,
        env: { ...environment, ...markingEnvironment(this.#mark) },
        extendEnv: false,
        detached: true, // leads a process group
        stdin: 'ignore',
        stdout: output,
        stderr: output,
        buffer: false,
        reject: false,
      });
      this.#group = subprocess.pid;
      watcher.watch(this.#mark, subprocess.pid);
      if (this.#killed) this.kill();
      const { exitCode, signal, message } = await subprocess;
      if (subprocess.pid === undefined) throw new Error(message);
      await endGroup(subprocess.pid);
      await endMarked([this.#mark]);
      return { exitCode, signal };
    } finally {
      watcher.forget(this.#mark);
      output.destroy();
    }
  }

  async #result(exit: ProcessExit, log: string): Promise<StageResult> {
    const result = await readResult(this.#directory);
    return result ?? failed(await describeDeath(exit, log, this.#files.result));
  }
}

/**
 * Asks for as many descriptors as starting a process takes. In the middle of that, Node and execa answer a missing one with
 * an error that nobody can catch.
 */
async function descriptorsForSpawn(): Promise<void> {
  const opened: number[] = [];
  try {
    while (opened.length < SPAWN_DESCRIPTORS) opened.push(openSync(devNull, 'r'));
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}
