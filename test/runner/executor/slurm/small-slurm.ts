import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';

const PROGRAMS = ['sbatch', 'squeue', 'scancel', 'scontrol', 'sacct', 'sinfo', 'meddle'];

interface Job {
  readonly id: string;
  readonly name: string;
  readonly state: string;
}

/** A cluster of one machine, for tests: small-slurm.mjs under the names of Slurm's programs. */
export class SmallSlurm {
  readonly #folder = mkdtempSync(join(tmpdir(), 'pipe-slurm-'));
  /** A PATH on which its programs come first. */
  readonly path: string;

  constructor() {
    const bin = join(this.#folder, 'bin');
    for (const folder of ['bin', 'state/jobs', 'state/arrays'])
      mkdirSync(join(this.#folder, folder), { recursive: true });
    for (const program of PROGRAMS)
      symlinkSync(join(import.meta.dirname, 'small-slurm.mjs'), join(bin, program));
    this.path = `${bin}${delimiter}${process.env.PATH}`;
  }

  /** `down`: the controller is away. `hold`: no job begins. `deaf`: sbatch takes jobs and says that it got no answer. `mute`: sacct hangs. `tight`: a program of each job is ended for its memory. */
  set(mode: 'down' | 'hold' | 'deaf' | 'mute' | 'tight', isOn: boolean): void {
    const file = join(this.#folder, 'state', mode);
    if (isOn) writeFileSync(file, '');
    else rmSync(file, { force: true });
  }

  jobs(): Job[] {
    const folder = join(this.#folder, 'state/jobs');
    return readdirSync(folder)
      .filter((name) => /^\d+_\d+$/.test(name))
      .map((id) => ({ id, ...(JSON.parse(readFileSync(join(folder, id), 'utf8')) as Omit<Job, 'id'>) }));
  }

  /** Waits until so many jobs are in a state. */
  async until(count: number, state: string): Promise<Job[]> {
    for (;;) {
      const found = this.jobs().filter((job) => job.state === state);
      if (found.length >= count) return found;
      await delay(50);
    }
  }

  /** Ends a job as Slurm itself would: PREEMPTED, NODE_FAIL, OUT_OF_MEMORY, TIMEOUT. FORGOTTEN: nobody knows it any more. */
  async meddle(job: string, state: string): Promise<void> {
    await execa('meddle', [job, state], { env: { PATH: this.path } });
  }

  /** Arguments and scripts of all that was handed in, as text. */
  submitted(): { readonly args: readonly string[]; readonly script: string }[] {
    const text = readFileSync(join(this.#folder, 'state/submitted.ndjson'), 'utf8');
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { args: string[]; script: string });
  }

  async remove(): Promise<void> {
    this.set('down', false);
    const left = this.jobs().filter(({ state }) => ['PENDING', 'RUNNING'].includes(state));
    if (left.length > 0)
      await execa(
        'scancel',
        left.map(({ id }) => id),
        { env: { PATH: this.path } },
      );
    this.set('hold', false);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20 });
  }
}
