import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import type { Outcome, RunEvent } from '../../src/runner/events/run-event.ts';
import type { OwnMachine } from '../../src/runner/executor/executor.ts';
import { LocalExecutor } from '../../src/runner/executor/local-executor.ts';
import { type Plan, planPipeline } from '../../src/runner/plan/plan.ts';
import { type RunSummary, runPipeline } from '../../src/runner/run.ts';
import type { RunOptions } from '../../src/runner/run-options.ts';
import { RunControl } from '../../src/runner/schedule/run-control.ts';
import { InProcessExecutor } from './fixtures/in-process-executor.ts';
import { noEngine } from './fixtures/no-engine.ts';
import { pipelineOf, type StageSketch } from './fixtures/pipeline-of.ts';
import type { Order, Report } from './fixtures/stage-types.ts';

export type Sketches = Readonly<Record<string, StageSketch>>;
type Finished = Extract<RunEvent, { type: 'stage-finished' }>;
type Running = Extract<Report, { is: 'running' }>;

const ROOT = resolve(import.meta.dirname, '../..');

/** Builds programs of test/runner/fixtures; they import packages, so they lie within reach of node_modules. */
export async function buildFixtures(): Promise<{ host: string; runner: string; remove: () => void }> {
  const parent = join(ROOT, 'node_modules/.cache');
  mkdirSync(parent, { recursive: true });
  const outdir = mkdtempSync(join(parent, 'pipe-test-'));
  await build({
    entryPoints: ['host', 'run-in-process'].map((name) =>
      join(import.meta.dirname, 'fixtures', `${name}.ts`),
    ),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
  return {
    host: join(outdir, 'host.mjs'),
    runner: join(outdir, 'run-in-process.mjs'),
    remove: () => rmSync(outdir, { recursive: true, force: true }),
  };
}

/** A stage's process that waits for the test's orders. */
export class Puppet {
  readonly pid: number;
  /** What earlier attempts left in their work directories, newest first. */
  readonly earlier: readonly string[];
  /** Names of the variables that its process sees. */
  readonly environment: readonly string[];
  /** Settles when the process has closed its connection, however it ended. */
  readonly gone: Promise<void>;
  readonly #socket: Socket;
  readonly #reports: AsyncIterator<string>;

  constructor(socket: Socket, reports: AsyncIterator<string>, { pid, earlier, environment }: Running) {
    this.#socket = socket;
    this.#reports = reports;
    this.pid = pid;
    this.earlier = earlier;
    this.environment = environment;
    this.gone = new Promise((gone) => socket.once('close', () => gone()));
  }

  send(order: Order): void {
    this.#socket.write(`${JSON.stringify(order)}\n`);
  }

  /** Sends an order and waits until the stage says that it is carried out. */
  async order(order: Order): Promise<Extract<Report, { is: 'done' }>> {
    this.send(order);
    const { value } = (await this.#reports.next()) as IteratorYieldResult<string>;
    return JSON.parse(value) as Extract<Report, { is: 'done' }>;
  }
}

/** A run that is under way. */
export interface StartedRun {
  readonly control: RunControl;
  readonly events: RunEvent[];
  readonly finished: Promise<FinishedRun>;
  /** Resolves with the first event of a kind, which may have come already. */
  event<Type extends RunEvent['type']>(
    type: Type,
    matches?: (event: Extract<RunEvent, { type: Type }>) => boolean,
  ): Promise<Extract<RunEvent, { type: Type }>>;
}

export interface FinishedRun {
  readonly summary: RunSummary;
  readonly events: readonly RunEvent[];
  /** Last outcome of each stage. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
  stage(id: string): Finished;
}

/** Options of a run, where they are not the usual ones. */
type RigOptions = Partial<RunOptions> & { readonly chooseEngine?: OwnMachine['chooseEngine'] };

/** A folder with its own artifacts, and a socket at which led stages report. */
export class Rig {
  readonly directory = mkdtempSync(join(tmpdir(), 'pipe-runner-'));
  readonly socket = join(this.directory, 'socket');
  readonly #host: string | undefined;
  readonly #server: Server;
  readonly #connected = new Map<string, Puppet[]>();
  readonly #awaited = new Map<string, ((puppet: Puppet) => void)[]>();
  readonly #groups = new Set<number>();

  /** `host`: the program of stages' processes, from `buildFixtures`; without it stages run in the test's own process. */
  constructor(host?: string) {
    this.#host = host;
    this.#server = createServer((socket) => void this.#welcome(socket)).listen(this.socket);
  }

  /** A runner of its own, which the test can kill; it runs the stage `a`, led by the test. `program`: see `buildFixtures`. */
  startRunner(program: string): ChildProcess {
    return spawn(process.execPath, [program, this.directory, this.#host!, this.socket], { stdio: 'inherit' });
  }

  async remove(): Promise<void> {
    for (const group of this.#groups) {
      try {
        process.kill(-group, 'SIGKILL');
      } catch {} // gone, as it should be
    }
    await new Promise((closed) => this.#server.close(closed));
    rmSync(this.directory, { recursive: true, force: true });
  }

  get artifacts(): string {
    return join(this.directory, 'artifacts');
  }

  write(path: string, text: string): string {
    writeFileSync(join(this.directory, path), text);
    return join(this.directory, path);
  }

  /** The next process of the stage with this label. */
  puppet(label: string): Promise<Puppet> {
    const waiting = this.#connected.get(label)?.shift();
    if (waiting) return Promise.resolve(waiting);
    return new Promise((found) => {
      this.#awaited.set(label, [...(this.#awaited.get(label) ?? []), found]);
    });
  }

  /** Whether a stage has connected that nobody has asked for. */
  hasStarted(label: string): boolean {
    return (this.#connected.get(label) ?? []).length > 0;
  }

  /** Settings of a stage that the test leads. */
  led(text: string, label = text): { text: string; label: string; socket: string } {
    return { text, label, socket: this.socket };
  }

  start(sketches: Sketches, { chooseEngine = noEngine, ...options }: RigOptions = {}): StartedRun {
    const events: RunEvent[] = [];
    const listeners = new Set<() => void>();
    const control = options.control ?? new RunControl();
    const finished = runPipeline(pipelineOf(this.directory, sketches), {
      ...this.#defaults(),
      jobs: 4,
      preflight: true,
      executor:
        this.#host === undefined
          ? new InProcessExecutor(chooseEngine)
          : new LocalExecutor(this.#host, chooseEngine),
      argv: ['run', 'pipeline.yaml'],
      versions: { pipe: '0.0.0' },
      capacity: { cpu: 4, gpu: 0, memory: 8e9 },
      control,
      ...options,
      emit: (event) => {
        events.push(event);
        for (const listener of listeners) listener();
      },
    }).then((summary) => finishedRun(summary, events));
    return {
      control,
      events,
      finished,
      event: (type, matches = () => true) =>
        new Promise((found) => {
          const look = () => {
            for (const event of events) {
              if (event.type !== type || !matches(event as Extract<RunEvent, { type: typeof type }>))
                continue;
              listeners.delete(look);
              found(event as Extract<RunEvent, { type: typeof type }>);
              return;
            }
          };
          listeners.add(look);
          look();
        }),
    };
  }

  async run(sketches: Sketches, options: RigOptions = {}): Promise<FinishedRun> {
    return await this.start(sketches, options).finished;
  }

  async plan(
    sketches: Sketches,
    options: Partial<Pick<RunOptions, 'force' | 'only' | 'offline' | 'environment' | 'frozen'>> = {},
  ): Promise<Plan> {
    return await planPipeline(pipelineOf(this.directory, sketches), { ...this.#defaults(), ...options });
  }

  /** Text of an output in the store. */
  output(run: FinishedRun, stage: string): string {
    return readFileSync(this.objectFile(run.stage(stage).outputs.out!.digest), 'utf8');
  }

  objectFile(digest: string): string {
    return join(this.artifacts, 'cache/objects', digest.slice(0, 2), digest.slice(2));
  }

  /** Lets the next plan ask the world again, as after a minute. */
  forgetFacts(): void {
    rmSync(join(this.artifacts, 'cache/observed'), { recursive: true, force: true });
  }

  /** Names of the attempt directories that are left of all actions. */
  get attempts(): string[] {
    const work = join(this.artifacts, 'work');
    return readdirSync(work).flatMap((key) => readdirSync(join(work, key)));
  }

  /** What lies in the directory of the only attempt that is left. */
  filesOfAttempt(): string[] {
    const work = join(this.artifacts, 'work');
    const [key] = readdirSync(work) as [string];
    const [attempt] = readdirSync(join(work, key)) as [string];
    return readdirSync(join(work, key, attempt)).sort();
  }

  /** Everything under artifacts/ in which a text occurs. */
  filesThatHold(text: string): string[] {
    return readdirSync(this.artifacts, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => readFileSync(file, 'utf8').includes(text));
  }

  #defaults() {
    return {
      artifactsDirectory: this.artifacts,
      offline: false,
      environment: { PATH: process.env.PATH, HOME: process.env.HOME },
      onProblem: () => {},
    };
  }

  async #welcome(socket: Socket): Promise<void> {
    socket.on('error', () => {}); // a killed stage resets its connection
    const reports = createInterface(socket)[Symbol.asyncIterator]();
    const first = await reports.next();
    if (first.done) return; // ended before it said anything: the run tells why
    const running = JSON.parse(first.value) as Running;
    if (running.pid !== process.pid) this.#groups.add(running.pid);
    const puppet = new Puppet(socket, reports, running);
    const awaited = this.#awaited.get(running.label)?.shift();
    if (awaited) awaited(puppet);
    else this.#connected.set(running.label, [...(this.#connected.get(running.label) ?? []), puppet]);
  }
}

function finishedRun(summary: RunSummary, events: readonly RunEvent[]): FinishedRun {
  const finishes = events.filter((event) => event.type === 'stage-finished');
  return {
    summary,
    events,
    outcomes: Object.fromEntries(finishes.map(({ stage, outcome }) => [stage, outcome])),
    stage: (id) => finishes.findLast(({ stage }) => stage === id)!,
  };
}
