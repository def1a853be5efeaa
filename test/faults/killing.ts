import { setTimeout as delay } from 'node:timers/promises';
import type { Attacked, Started } from './attacked.ts';
import { type Process, processesWith, signal } from './processes.ts';
import type { Random } from './seeded.ts';

const POLL_MS = 5;

/** The live processes of a run, by what they are. */
interface Alive {
  readonly runner: number;
  readonly hosts: readonly Process[];
  readonly commands: readonly Process[];
}

/** One way to end processes of a run, and whether the run itself lives on and must say what happened. */
interface Killing {
  /** Whether there is anything to hit. */
  readonly aims: (alive: Alive) => boolean;
  readonly strike: (alive: Alive, random: Random) => void;
  readonly runnerDies: boolean;
}

const kill = (pid: number): void => signal(pid, 'SIGKILL');
const killAll = (processes: readonly Process[]): void => {
  for (const { pid } of processes) kill(pid);
};
const anyHost = ({ hosts }: Alive): boolean => hosts.length > 0;

/** Every way to kill that the suite knows. A host leads the process group of its stage. */
export const KILLINGS: Readonly<Record<string, Killing>> = {
  'the runner': { aims: () => true, strike: ({ runner }) => kill(runner), runnerDies: true },
  'a host': { aims: anyHost, strike: ({ hosts }, random) => kill(random.pick(hosts).pid), runnerDies: false },
  'runner and hosts': {
    aims: anyHost,
    strike: ({ runner, hosts }, random) => {
      if (random.chance(0.5)) kill(runner);
      killAll(hosts);
      kill(runner);
    },
    runnerDies: true,
  },
  'a group': {
    aims: anyHost,
    strike: ({ hosts }, random) => kill(-random.pick(hosts).pid),
    runnerDies: false,
  },
  'runner and groups': {
    aims: anyHost,
    strike: ({ runner, hosts }) => {
      kill(runner);
      for (const { pid } of hosts) kill(-pid);
    },
    runnerDies: true,
  },
  'a command': {
    aims: ({ commands }) => commands.length > 0,
    strike: ({ commands }, random) => kill(random.pick(commands).pid),
    runnerDies: false,
  },
  'the runner, host stopped': {
    aims: anyHost,
    strike: ({ runner, hosts }) => {
      for (const { pid } of hosts) signal(pid, 'SIGSTOP');
      kill(runner);
    },
    runnerDies: true,
  },
};

/** Strikes a run after `wait` milliseconds, or as soon after that as there is anything to hit. False: it ended before. */
export async function strike(
  attacked: Attacked,
  run: Started,
  { killing, wait, random }: { killing: Killing; wait: number; random: Random },
): Promise<boolean> {
  let ended = false;
  void run.ended.then(() => {
    ended = true;
  });
  await Promise.race([delay(wait), run.ended]);
  while (!ended) {
    const alive = aliveOf(attacked, run);
    if (killing.aims(alive)) {
      killing.strike(alive, random);
      return true;
    }
    await delay(POLL_MS);
  }
  return false;
}

function aliveOf({ project }: Attacked, { child, mark }: Started): Alive {
  const marked = processesWith(mark).filter(({ pid }) => pid !== child.pid);
  const isHost = ({ argv }: Process): boolean =>
    argv.includes('stage-host') && argv.includes(project.directory);
  return {
    runner: child.pid!,
    hosts: marked.filter(isHost),
    // Whatever a watcher of pipe's own is called, it is no program of a stage.
    commands: marked.filter(({ argv }) => /^(sh|sleep|setsid) /.test(argv)),
  };
}
