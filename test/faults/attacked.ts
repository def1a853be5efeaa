import { type ChildProcess, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RunEvent } from '../../src/runner/events/run-event.ts';
import { type Finished, finished, Project, parseEvents } from '../cli/rig.ts';

const PROGRAM = resolve(import.meta.dirname, 'program.sh');

/** What the stages and, with hooks, their hosts are given. */
const VARIABLES = {
  FAULT_LOG: '',
  FAULT_PROGRAM: PROGRAM,
  FAULT_MARK: '',
  NODE_OPTIONS: '',
  FAULT_HOOK: '',
};

/** A run takes a second; a busy machine may need many times that. */
const ENDLESS_MS = 20_000;

/** Stage -> shape and seconds of its program, and what it reads. */
const STAGES = {
  data: { shape: 'small', seconds: 0.02, inputs: { source: { file: './source.txt' } } },
  large: { shape: 'large', seconds: 0.25, inputs: { data: 'data.out' } },
  folder: { shape: 'folder', seconds: 0.02, inputs: { data: 'data.out' } },
  session: { shape: 'session', seconds: 0.1, inputs: { large: 'large.out' } },
  orphan: { shape: 'orphan', seconds: 0.02, inputs: { folder: 'folder.out' } },
  last: {
    shape: 'sum',
    seconds: 0.05,
    inputs: { folder: 'folder.out', session: 'session.out', orphan: 'orphan.out' },
  },
} as const;

export type StageName = keyof typeof STAGES;
export const STAGE_NAMES = Object.keys(STAGES) as StageName[];

/** How a run of the binary ended, with its events when it was a `run`. */
export interface Ended extends Finished {
  readonly events: readonly RunEvent[];
}

/** A `pipe` that was started and may be attacked. */
export interface Started {
  readonly child: ChildProcess;
  /** Every process of this run has it in its environment. */
  readonly mark: string;
  readonly ended: Promise<Ended>;
}

/** What a program logged: `start`, `end` or `overlap` of an action, and the process. */
export interface LogLine {
  readonly what: string;
  readonly action: string;
  readonly pid: number;
}

/** A pipeline in a folder of its own, whose stages log what they do. The real binary is run on it, and attacked. */
export class Attacked {
  readonly project: Project;
  readonly #log: string;

  constructor(stages: readonly StageName[] = STAGE_NAMES) {
    this.project = new Project({
      'x.yaml': yamlOf(stages),
      'source.txt': 'what all begins with\n',
      'shared/log': '',
    });
    this.#log = this.project.path('shared', 'log');
  }

  get artifacts(): string {
    return this.project.path('artifacts');
  }

  start(args: readonly string[], environment: Record<string, string> = {}, patience = ENDLESS_MS): Started {
    const mark = randomUUID();
    const child = this.project.start(args, {
      ...VARIABLES,
      FAULT_LOG: this.#log,
      FAULT_MARK: mark,
      ...environment,
    });
    const ended = inTime(child, args, patience).then((end) => ({
      ...end,
      events: args.includes('--json') ? parseEvents(end.stdout) : [],
    }));
    ended.catch(() => {}); // whoever awaits it gets the error
    return { child, mark, ended };
  }

  /** Starts `pipe run`, which is killed when it does not end within `patience` milliseconds. */
  startRun(
    args: readonly string[] = [],
    environment: Record<string, string> = {},
    patience = ENDLESS_MS,
  ): Started {
    return this.start(['run', 'x.yaml', '--json', ...args], environment, patience);
  }

  run(args: readonly string[] = [], environment: Record<string, string> = {}): Promise<Ended> {
    return this.startRun(args, environment).ended;
  }

  pipe(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
    return this.start(args, environment).ended;
  }

  log(): LogLine[] {
    const lines = readFileSync(this.#log, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => {
      const [what = '', action = '', pid = ''] = line.split(' ');
      return { what, action, pid: Number(pid) };
    });
  }

  forgetLog(): void {
    writeFileSync(this.#log, '');
  }

  /** Nothing is cached and nothing was logged. */
  forgetAll(): void {
    rmSync(this.artifacts, { recursive: true, force: true });
    this.forgetLog();
  }

  /** Bytes of an output as `pipe get` gives them; of a folder a text that says all that is in it. */
  async get(stage: StageName): Promise<Ended & { readonly bytes: string | undefined }> {
    const folder = this.project.path('shared', `got-${randomUUID()}`);
    mkdirSync(folder);
    const destination = join(folder, 'out');
    const ended = await this.pipe(['get', 'x.yaml', `${stage}.out`, destination]);
    try {
      return { ...ended, bytes: ended.code === 0 ? contentOf(folder) : undefined };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  remove(): void {
    this.project.remove();
  }
}

const TICK_MS = 500;

/**
 * The end of a process. Throws, and kills the process, when that does not come: nothing may wait for ever. Counted are the ticks
 * of this process, not a clock: where somebody stops all of it for a while, pipe was not slow.
 */
async function inTime(child: ChildProcess, args: readonly string[], patience: number): Promise<Finished> {
  let left = Math.ceil(patience / TICK_MS);
  const timer = setInterval(() => {
    left--;
    if (left === 0) child.kill('SIGKILL');
  }, TICK_MS);
  const end = await finished(child);
  clearInterval(timer);
  if (left > 0) return end;
  throw new Error(`pipe ${args.join(' ')} did not end within ${patience / 1000} s: ${end.stderr}`);
}

/** Names, modes and bytes of everything at a path. */
function contentOf(path: string): string {
  return execFileSync('tar', ['-c', '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '-C', path, '.'], {
    maxBuffer: 2 ** 26,
    encoding: 'latin1',
  });
}

function yamlOf(stages: readonly StageName[]): string {
  const described = stages.map((name) => {
    const { shape, seconds, inputs } = STAGES[name];
    const output = shape === 'folder' ? { path: 'out', artifact: 'directory' } : 'out';
    // Secrets are given to the command and are in no action key, so every run may have values of its own.
    return `  ${name}: ${JSON.stringify({
      uses: 'command',
      inputs,
      secrets: Object.keys(VARIABLES),
      with: { run: `sh "$FAULT_PROGRAM" ${name} ${shape} ${seconds}`, outputs: { out: output } },
    })}`;
  });
  return `schema: 1\nname: attacked\nstages:\n${described.join('\n')}\n`;
}
