import type { CacheProblem } from '../../cache/cache-problem.ts';
import type { StageEvent, Untimed } from '../../contract/attempt/stage-event.ts';
import type { CacheError } from '../../files/system-problem.ts';
import type { RunEvent } from './run-event.ts';

export type NewRunEvent = Untimed<RunEvent>;
export type Emit = (event: NewRunEvent) => void;

/** What a stage's process told, as an event of the run. */
export function runEventOf(stage: string, event: StageEvent): NewRunEvent {
  const { time: _, ...rest } = event;
  switch (rest.type) {
    case 'progress':
      return { ...rest, type: 'stage-progress', stage };
    case 'engine':
      return { ...rest, type: 'stage-engine', stage };
    case 'place':
      return { ...rest, type: 'stage-place', stage };
    case 'log':
      return { type: 'stage-log', stage, level: 'info', message: rest.message };
    case 'sample':
      return { type: 'stage-log', stage, level: 'sample', message: rest.message };
    case 'warning':
      return {
        type: 'stage-log',
        stage,
        level: 'warning',
        message: rest.message,
        ...(rest.hint !== undefined && { hint: rest.hint }),
      };
    case 'metric':
      return { ...rest, type: 'stage-metric', stage };
    case 'fact':
      return { ...rest, type: 'stage-fact', stage };
  }
}

export function cacheProblemEvent(problem: CacheProblem): NewRunEvent {
  return { type: 'cache-problem', ...problem };
}

/** Tells that the run's folder cannot be written, or not any more. */
export function notStored({ message }: CacheError): NewRunEvent {
  return cacheProblemEvent({ code: 'run-not-stored', message });
}
