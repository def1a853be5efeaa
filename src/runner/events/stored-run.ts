import type { JsonObject } from '../../contract/json.ts';
import type { RunEvent } from './run-event.ts';

/** `run.json`: what a run was asked to do, and where. */
export interface RunAbout {
  readonly run: string;
  readonly started: string;
  readonly pipeline: string;
  readonly file: string;
  readonly params: JsonObject;
  /** Of a sweep each variant, and the ids of its stages; absent without one. */
  readonly variants?: readonly RunVariant[];
  /** The git commit that was checked out where the pipeline file is. */
  readonly commit?: string;
  /** The command line, without the program. */
  readonly argv: readonly string[];
  readonly host: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** One point of a sweep, as a run stores it. */
export interface RunVariant {
  readonly label: string;
  readonly params: JsonObject;
  readonly stages: readonly string[];
}

/** A finished or unfinished run that was read back. */
export interface StoredRun {
  readonly about: RunAbout;
  readonly events: readonly RunEvent[];
}

type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { readonly type: Type }>;
type Events = Pick<StoredRun, 'events'>;

/** The stages that a run was to bring up to date, producers first; none if it was killed before it told of them. */
export function stagesOfRun({ events }: Events): EventOf<'run-started'>['stages'] {
  return events.find((event) => event.type === 'run-started')?.stages ?? [];
}

/** How each stage ended, by its id. A hit that was rebuilt has two such events, of which the last one counts. */
export function endingsOf({ events }: Events): ReadonlyMap<string, EventOf<'stage-finished'>> {
  return new Map(
    events.flatMap((event) => (event.type === 'stage-finished' ? [[event.stage, event] as const] : [])),
  );
}

/** How a run ended; undefined if it is at work, or was killed. */
export function endOf({ events }: Events): EventOf<'run-finished'> | undefined {
  return events.find((event) => event.type === 'run-finished');
}

/** When a run was last heard of, in milliseconds since 1970. */
export function lastHeardOf({ about, events }: StoredRun): number {
  return Date.parse(events.at(-1)?.time ?? about.started);
}

/** The variants of a run; without a sweep it is one, whose label is empty. */
export function variantsOfStoredRun(run: StoredRun): readonly RunVariant[] {
  const { params, variants } = run.about;
  return variants ?? [{ label: '', params, stages: stagesOfRun(run).map(({ stage }) => stage) }];
}
