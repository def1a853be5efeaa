import type { Exchange } from '../../../cache/remote/exchange.ts';
import { type Digested, isDigest } from '../../../files/digest.ts';

/** The variable that tells a job what it is to do. */
const JOB = 'PIPE_JOB';
/** Begins the names of the variables that open the store: those of the stage may have the same names, and other values. */
export const STORE_VARIABLES = 'PIPE_STORE_';

/** Who claims a job that is never to begin. */
const RUNNER = 'the runner';

/** What a job is told, by whoever may create jobs. All else it gets from the store, by digest. */
export interface JobPlace {
  /** Under which it was handed in. */
  readonly name: string;
  /** The spec of the attempt. */
  readonly order: Digested;
  /** Address of the store. */
  readonly store: string;
  /** A folder that is its own. */
  readonly scratch: string;
  /** The file by which it tells its queue where the outcome is. */
  readonly message: string;
}

export function placeVariable(place: JobPlace): { readonly name: string; readonly value: string } {
  return { name: JOB, value: JSON.stringify(place) };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws an Error if a job was not told what it is to do. */
export function readPlace(environment: Environment): JobPlace {
  const value: unknown = JSON.parse(environment[JOB] ?? 'null');
  const { name, order, store, scratch, message } = Object(value) as Partial<JobPlace>;
  const texts = [name, store, scratch, message].every((text) => typeof text === 'string');
  if (!texts || !isDigest(order?.digest) || typeof order.bytes !== 'number')
    throw new Error(`${JOB} does not say what to do: pipe sets it for its jobs`);
  return value as JobPlace;
}

/** The environment with which the store is opened, and that of the stage, which knows nothing of the job and its store. */
export function parted(environment: Environment): {
  readonly ofStore: Environment;
  readonly ofStage: Record<string, string>;
} {
  const entries = Object.entries(environment).filter(([name]) => name !== JOB);
  const isOfStore = (name: string) => name.startsWith(STORE_VARIABLES);
  return {
    ofStore: Object.fromEntries(
      entries
        .filter(([name]) => isOfStore(name))
        .map(([name, value]) => [name.slice(STORE_VARIABLES.length), value]),
    ),
    ofStage: Object.fromEntries(
      entries.flatMap(([name, value]) => (isOfStore(name) || value === undefined ? [] : [[name, value]])),
    ),
  };
}

/** Of all that try it, the first to put a text here has the right to begin the job. */
export function claimName(job: string): string {
  return `jobs/${job}/started`;
}

/** Sees to it that a job never begins. False where it has begun, or the store does not say: then nobody begins either. */
export async function preventJob(exchange: Pick<Exchange, 'claim'>, job: string): Promise<boolean> {
  return await exchange.claim(claimName(job), RUNNER).then(
    (text) => text === RUNNER,
    () => false,
  );
}
