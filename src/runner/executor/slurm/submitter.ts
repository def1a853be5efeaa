import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { canonicalJson } from '../../../contract/canonical-json.ts';
import type { SlurmProfile } from '../../../contract/executor/slurm-profile.ts';
import { StageError } from '../../../contract/stage-context.ts';
import { orAbsent } from '../../../files/system-problem.ts';
import type { JobProgram } from '../job-script.ts';
import { writeSubmission } from '../submission.ts';
import { batchScript } from './batch-script.ts';
import { type Answer, askSlurm } from './client.ts';
import type { Queue } from './queue.ts';
import type { Task } from './task.ts';

/** For stages that start at the same moment. */
const GATHER_MS = 30;
const LARGEST_ARRAY = 1000;
const WRITES_AT_ONCE = 50;
/** From one try to the next where nobody answers, and where Slurm takes no more jobs for now. */
const SILENT_MS = 5000;
const FULL_MS = 15_000;

/** An attempt that is to be handed in. */
export interface Order {
  readonly directory: string;
  readonly log: string;
  readonly options: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** For people who look into the queue: run and stage. */
  readonly about: { readonly run: string; readonly stage: string };
  /** Nobody wants it any more. */
  readonly isWithdrawn: () => boolean;
  /** Says why it is not in the queue yet. */
  readonly onDelay: (message: string) => void;
}

interface Waiting {
  readonly order: Order;
  readonly resolve: (task: Task) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Hands attempts in. Those that are alike in all but their directory go in as one array of jobs: sbatch takes one of a thousand
 * in the time of a single job. Before sbatch is run, each directory says under which name the job is to be found.
 */
export class Submitter {
  readonly #profile: SlurmProfile;
  readonly #program: JobProgram;
  readonly #queue: Queue;
  readonly #waiting = new Map<string, Waiting[]>();
  #isAtWork = false;
  #largestArray: number | undefined;

  constructor(profile: SlurmProfile, program: JobProgram, queue: Queue) {
    this.#profile = profile;
    this.#program = program;
    this.#queue = queue;
  }

  /** Throws a StageError where Slurm refuses it. An order that was withdrawn may stay without an answer. */
  submit(order: Order): Promise<Task> {
    const { options, environment, about } = order;
    const kind = canonicalJson({ options, environment, about });
    return new Promise((resolve, reject) => {
      const alike = this.#waiting.get(kind) ?? [];
      this.#waiting.set(kind, alike);
      alike.push({ order, resolve, reject });
      if (!this.#isAtWork) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isAtWork = true;
    await delay(GATHER_MS);
    for (const [kind, alike] of this.#waiting) {
      this.#waiting.delete(kind); // what comes from now on is at the end of the line
      await this.#handInAll(alike);
    }
    this.#isAtWork = false;
    if (this.#waiting.size > 0) void this.#work();
  }

  async #handInAll(alike: readonly Waiting[]): Promise<void> {
    try {
      this.#largestArray ??= await largestArray();
      const size = this.#largestArray;
      for (let first = 0; first < alike.length; first += size)
        await this.#handIn(alike.slice(first, first + size));
    } catch (error) {
      for (const { reject } of alike) reject(error); // one that has been handed in hears nothing of it
    }
  }

  async #handIn(all: readonly Waiting[]): Promise<void> {
    const batch = all.filter(({ order }) => !order.isWithdrawn());
    if (batch.length === 0) return;
    const name = jobName(batch[0]!.order.about.stage);
    const answer = await this.#handInAs(name, batch);
    if (answer === undefined) return;
    if (answer.status === 'ok') {
      const tasks = batch.map((_, index) => ({ name, index, job: this.#jobOf(answer.job, index) }));
      await this.#writeDown(batch, tasks);
      for (const [index, { resolve }] of batch.entries()) resolve(tasks[index]!);
    } else if (batch.length > 1 && answer.status === 'full') {
      const half = Math.ceil(batch.length / 2);
      await this.#handIn(batch.slice(0, half));
      await this.#handIn(batch.slice(half));
    } else if (answer.status === 'full') {
      batch[0]!.order.onDelay(`Slurm takes no more jobs for now: ${answer.message}`);
      await delay(FULL_MS);
      await this.#handIn(batch);
    } else {
      const error = refusal(answer.message);
      for (const { reject } of batch) reject(error);
    }
  }

  /** Until Slurm has answered; undefined where nobody wants it any more. */
  async #handInAs(
    name: string,
    batch: readonly Waiting[],
  ): Promise<{ status: 'ok'; job: string } | Extract<Answer, { status: 'refused' | 'full' }> | undefined> {
    await this.#writeDown(
      batch,
      batch.map((_, index) => ({ name, index })),
    );
    const { options, environment, about } = batch[0]!.order;
    const args = [
      ...options,
      `--job-name=${name}`,
      `--comment=pipe ${about.run} ${about.stage}`,
      ...(this.#hasArrays ? [`--array=0-${batch.length - 1}`] : []),
    ];
    const input = batchScript(
      batch.map(({ order }) => order),
      this.#program,
    );
    for (;;) {
      const answer = await askSlurm('sbatch', args, { input, environment });
      if (answer.status === 'ok') return { status: 'ok', job: jobNumber(answer.output) };
      if (answer.status !== 'silent') return answer;
      batch[0]!.order.onDelay(`Slurm does not answer, so nothing is handed in: ${answer.message}`);
      // It may have taken the jobs all the same. If it takes them later still, the second of two finds that it is one too many.
      const found = await this.#findOnceItAnswers(name, batch);
      if (found === 'withdrawn') return undefined;
      if (found !== 'absent') return { status: 'ok', job: found };
    }
  }

  /** The number under which an array is in the queue. */
  async #findOnceItAnswers(name: string, batch: readonly Waiting[]): Promise<string> {
    for (;;) {
      if (batch.every(({ order }) => order.isWithdrawn())) return 'withdrawn';
      await delay(SILENT_MS);
      const seen = await this.#queue.ask({ name, index: 0 }, 'soon');
      if (seen === 'absent') return seen;
      if (seen !== 'silent') return seen.job.split('_')[0]!;
    }
  }

  /** `17_3`. */
  #jobOf(job: string, index: number): string {
    return this.#hasArrays ? `${job}_${index}` : job;
  }

  get #hasArrays(): boolean {
    return this.#largestArray !== 1;
  }

  async #writeDown(batch: readonly Waiting[], tasks: readonly Task[]): Promise<void> {
    const executor = this.#profile;
    const write = async ({ directory, log, isWithdrawn }: Order, task: Task) => {
      const written = writeSubmission(directory, { executor, reference: { ...task }, log });
      await (isWithdrawn() ? orAbsent(written) : written); // its folder may be gone
    };
    for (let first = 0; first < batch.length; first += WRITES_AT_ONCE) {
      const some = batch.slice(first, first + WRITES_AT_ONCE);
      await Promise.all(some.map(({ order }, offset) => write(order, tasks[first + offset]!)));
    }
  }
}

/** What people see in the queue; 32 random bits tell it from every other one, and from those of earlier runs. */
function jobName(stage: string): string {
  const readable = stage.replaceAll(/[^A-Za-z0-9_-]/g, '').slice(0, 40);
  return `pipe-${readable}-${randomBytes(6).toString('hex')}`;
}

/** `17`, or `17;cluster`; a site's own plugin may print more before it. */
function jobNumber(output: string): string {
  const last = output.trim().split('\n').at(-1)!;
  return last.split(';')[0]!;
}

/** How many jobs an array may have; 1 where the cluster has no arrays. Its indices begin at 0 and stay below the limit. */
async function largestArray(): Promise<number> {
  const answer = await askSlurm('scontrol', ['show', 'config']);
  const limit = answer.status === 'ok' && /^MaxArraySize\s*=\s*(\d+)/m.exec(answer.output)?.[1];
  return limit ? Math.max(1, Math.min(LARGEST_ARRAY, Number(limit))) : LARGEST_ARRAY;
}

function refusal(message: string): StageError {
  return new StageError(`Slurm refuses the job: ${message}`, {
    hint: 'Compare `resources`, `timeout` and the executor under configs/executors with what `sinfo` and `sacctmgr show assoc` say.',
  });
}
