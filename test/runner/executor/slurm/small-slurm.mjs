#!/usr/bin/env node
// Speaks as sbatch, squeue, scancel, scontrol, sacct and sinfo of Slurm 22.05.8 did, as far as pipe asks them, and really runs
// jobs. small-slurm.ts links it under these names. Its state is a folder next to the links: a file for each job; `down` stands
// for a controller that is away, `hold` for a queue that moves on nothing, `tight` for nodes that end a program of each job
// for its memory.
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const STATE = join(dirname(process.argv[1]), '../state');
const JOBS = join(STATE, 'jobs');
const AWAY = 'Unable to contact slurm controller (connect failure)';

const program = basename(process.argv[1]);
const args = process.argv.slice(2);
const options = Object.fromEntries(
  args
    .filter((arg) => arg.startsWith('--'))
    .map((arg) => [arg.slice(2).split('=')[0], arg.split('=').slice(1).join('=')]),
);

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function readJobs() {
  return readdirSync(JOBS)
    .filter((name) => /^\d+_\d+$/.test(name))
    .map((name) => JSON.parse(readFileSync(join(JOBS, name), 'utf8')));
}

function write(job) {
  const file = join(JOBS, `${job.array}_${job.index}`);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(job));
  renameSync(draft, file);
}

const read = (array, index) => JSON.parse(readFileSync(join(JOBS, `${array}_${index}`), 'utf8'));
const isOver = ({ state }) => !['PENDING', 'RUNNING'].includes(state);

function end(job, state, exit) {
  write({ ...read(job.array, job.index), state, ...exit });
  const { pid } = read(job.array, job.index);
  if (pid !== undefined) {
    try {
      process.kill(-pid, state === 'OUT_OF_MEMORY' ? 'SIGKILL' : 'SIGTERM');
      setTimeout(() => {
        try {
          process.kill(-pid, 'SIGKILL');
        } catch {} // it has ended
      }, 1000);
    } catch {} // it has ended
  }
}

const programs = {
  async sbatch() {
    if (existsSync(join(STATE, 'down'))) fail(`sbatch: error: Batch job submission failed: ${AWAY}`);
    if (options.partition === 'nope')
      fail(
        'sbatch: error: invalid partition specified: nope\nsbatch: error: Batch job submission failed: Invalid partition name specified',
      );
    const script = readFileSync(0, 'utf8');
    let array = 1;
    for (;;) {
      try {
        mkdirSync(join(STATE, 'arrays', String(array)));
        break;
      } catch {
        array++;
      }
    }
    writeFileSync(join(STATE, 'arrays', String(array), 'script'), script);
    appendFileSync(join(STATE, 'submitted.ndjson'), `${JSON.stringify({ args, script })}\n`);
    const last = Number(/^0-(\d+)$/.exec(options.array)[1]);
    for (let index = 0; index <= last; index++)
      write({ array, index, name: options['job-name'], state: 'PENDING', reason: 'Resources', node: '' });
    for (let index = 0; index <= last; index++) {
      spawn(process.execPath, [process.argv[1], 'slurmd', String(array), String(index)], {
        detached: true,
        stdio: 'ignore',
        env: { ...process.env, SMALL_SLURM_AS: 'slurmd' },
      }).unref();
    }
    // The jobs are taken, and whoever handed them in never hears of it.
    if (existsSync(join(STATE, 'deaf')))
      fail('sbatch: error: Batch job submission failed: Socket timed out on send/recv operation');
    process.stdout.write(`${array}\n`);
  },
  async slurmd() {
    const [, array, index] = args;
    while (existsSync(join(STATE, 'hold')) || existsSync(join(STATE, 'down'))) {
      await delay(50);
      if (isOver(read(array, index))) return;
    }
    const { SMALL_SLURM_AS: _, ...environment } = process.env;
    const script = join(STATE, 'arrays', array, 'script');
    const child = spawn('sh', [script], {
      cwd: '/',
      detached: true,
      stdio: 'ignore',
      env: { ...environment, SLURM_ARRAY_TASK_ID: index, SLURM_JOB_ID: array },
    });
    write({ ...read(array, index), state: 'RUNNING', reason: 'None', node: 'n1', pid: child.pid });
    const [code, signal] = await new Promise((done) => child.once('exit', (...how) => done(how)));
    const job = read(array, index);
    if (isOver(job)) return;
    const exit = { exitCode: code ?? 0, signal: signal === 'SIGKILL' ? 9 : signal === null ? 0 : 15 };
    const failed = code !== 0;
    const end = existsSync(join(STATE, 'tight'))
      ? { state: 'OUT_OF_MEMORY', reason: 'OutOfMemory', exitCode: 0, signal: 125 }
      : { ...exit, state: failed ? 'FAILED' : 'COMPLETED', reason: failed ? 'NonZeroExitCode' : 'None' };
    write({ ...job, ...end });
  },
  squeue() {
    if (existsSync(join(STATE, 'down'))) fail(`slurm_load_jobs error: ${AWAY}`);
    const names = options.name.split(',');
    for (const { array, index, name, state, reason, node } of readJobs())
      if (names.includes(name)) console.log([name, array, index, state, reason, node].join('|'));
  },
  scancel() {
    if (existsSync(join(STATE, 'down'))) fail(`scancel: error: Kill job error on job id ${args[0]}: ${AWAY}`);
    for (const id of args) {
      const job = readJobs().find(({ array, index }) => id === `${array}_${index}`);
      if (job && !isOver(job)) end(job, 'CANCELLED', { exitCode: 0, signal: 15 });
    }
  },
  scontrol() {
    if (existsSync(join(STATE, 'down'))) fail(`slurm_load_jobs error: ${AWAY}`);
    if (args[1] === 'config') return console.log('MaxArraySize            = 1001');
    const job = readJobs().find(({ array, index }) => args.at(-1) === `${array}_${index}`);
    if (!job) fail('slurm_load_jobs error: Invalid job id specified');
    const { array, index, name, state, reason, exitCode = 0, signal = 0 } = job;
    console.log(
      `JobId=${array + index} ArrayJobId=${array} ArrayTaskId=${index} JobName=${name} UserId=root(0) JobState=${state} Reason=${reason} Requeue=0 Restarts=0 ExitCode=${exitCode}:${signal} Partition=main`,
    );
  },
  async sacct() {
    if (existsSync(join(STATE, 'mute'))) await delay(600_000); // as where the database is away
    fail('Slurm accounting storage is disabled');
  },
  sinfo() {
    if (existsSync(join(STATE, 'down'))) fail(`slurm_load_partitions: ${AWAY}`);
    console.log('main*|up|8|4000|gpu:2|infinite\nurgent|up|8|4000|gpu:2|infinite');
  },
  /** For tests: ends a job as Slurm itself would. `meddle 1_0 PREEMPTED`. */
  meddle() {
    const [id, state] = args;
    if (state === 'FORGOTTEN') return unlinkSync(join(JOBS, id));
    end(
      readJobs().find(({ array, index }) => id === `${array}_${index}`),
      state,
      { exitCode: 0, signal: state === 'OUT_OF_MEMORY' ? 9 : 15 },
    );
  },
};

await programs[process.env.SMALL_SLURM_AS ?? program]();
