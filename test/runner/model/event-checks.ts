import type { RunEvent } from '../../../src/runner/events/run-event.ts';
import { producersOf } from './expand.ts';
import type { Expected } from './naive-runner.ts';
import { type ObservedRun, outcomesOf } from './observed-run.ts';

type Finished = Extract<RunEvent, { type: 'stage-finished' }>;

/** What is wrong with the stream of events of a run, whatever the run did. */
export function eventViolations(run: ObservedRun): string[] {
  return [...frameViolations(run), ...finishViolations(run), ...orderViolations(run)];
}

/** The first and the last event, and what they say of the whole. */
function frameViolations({ events, forecast, outcome }: ObservedRun): string[] {
  const violations: string[] = [];
  const [first] = events;
  const last = events.at(-1);
  if (first?.type !== 'run-started') violations.push('the first event is not run-started');
  else {
    const named = first.stages.map(({ stage }) => stage).sort();
    const selected = [...forecast.stages.keys()].sort();
    if (String(named) !== String(selected))
      violations.push(`run-started names ${named}, selected are ${selected}`);
  }
  const ends = events.filter(({ type }) => type === 'run-finished').length;
  if (last?.type !== 'run-finished' || ends !== 1) {
    violations.push(`run-finished comes ${ends} times; the last event is ${last?.type}`);
    return violations;
  }
  const counts = { hit: 0, ran: 0, failed: 0, skipped: 0, cancelled: 0 };
  for (const end of outcomesOf(events).values()) counts[end as keyof typeof counts]++;
  if (JSON.stringify(counts) !== JSON.stringify(last.counts)) {
    violations.push(`counts are ${JSON.stringify(last.counts)}, the stages say ${JSON.stringify(counts)}`);
  }
  const right = counts.failed > 0 ? 'failed' : counts.cancelled > 0 ? 'cancelled' : 'succeeded';
  if (last.outcome !== right || outcome !== right) {
    violations.push(`run-finished says ${last.outcome}, the summary ${outcome}; it is ${right}`);
  }
  return violations;
}

/** Every stage ends once; only a hit whose outputs are lost may end once more. */
function finishViolations({ events, forecast }: ObservedRun): string[] {
  const finishes = events.filter((event): event is Finished => event.type === 'stage-finished');
  const strangers = finishes.filter(({ stage }) => !forecast.stages.has(stage));
  const violations = strangers.map(({ stage }) => `${stage} finishes and is not selected`);
  for (const stage of forecast.stages.keys()) {
    const outcomes = finishes.filter((event) => event.stage === stage).map(({ outcome }) => outcome);
    if (outcomes.length === 0) violations.push(`${stage} never finishes`);
    if (outcomes.length > 2 || (outcomes.length === 2 && outcomes[0] !== 'hit')) {
      violations.push(`${stage} finishes as ${outcomes.join(', then ')}`);
    }
  }
  return violations;
}

/** A stage starts when all that it needs is done, and has ended when the run has. */
function orderViolations({ events, forecast }: ObservedRun): string[] {
  const violations: string[] = [];
  const states = new Map<string, string>();
  for (const event of events) {
    if (event.type === 'stage-started') {
      for (const producer of producersOf(forecast.stages.get(event.stage)!.instance)) {
        const state = states.get(producer) ?? 'not begun';
        if (!hasEnded(state, forecast.stages.get(producer)!)) {
          violations.push(`${event.stage} starts while ${producer}, which it needs, is ${state}`);
        }
      }
      states.set(event.stage, 'running');
    } else if (event.type === 'stage-finished') states.set(event.stage, event.outcome);
    else if (event.type === 'run-finished') {
      for (const [stage, state] of states) {
        if (state === 'running') violations.push(`the run finishes while ${stage} runs`);
      }
    }
  }
  return violations;
}

/** A stage that fails has ended, too: who collects optionally does without it. */
function hasEnded(state: string, { succeeds }: Expected): boolean {
  return (succeeds ? ['hit', 'ran'] : ['failed', 'skipped']).includes(state);
}
