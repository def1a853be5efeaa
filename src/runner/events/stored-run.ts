import type { RunEvent } from './run-event.ts';
import type { RunVariant, StoredRun } from './run-store.ts';

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

/** The variants of a run; without a sweep it is one, whose label is empty. */
export function variantsOfStoredRun(run: StoredRun): readonly RunVariant[] {
  const { params, variants } = run.about;
  return variants ?? [{ label: '', params, stages: stagesOfRun(run).map(({ stage }) => stage) }];
}
