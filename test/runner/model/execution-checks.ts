import type { Identity } from './compute.ts';
import type { Execution } from './direct-executor.ts';
import type { Expected } from './naive-runner.ts';
import { type ObservedRun, outcomesOf } from './observed-run.ts';

/** Where what was executed differs from what the model says: too much, too little, on wrong inputs. */
export function executionViolations(run: ObservedRun, actions: Map<string, Identity>): string[] {
  return [...keyViolations(run, actions), ...attemptViolations(run), ...outcomeViolations(run)];
}

/**
 * As `executionViolations` for runs at the same time: of two that need an action one does it, and the other takes over
 * what has come out. What is forced, or lost, may be done once more by each run.
 */
export function rivalViolations(runs: readonly ObservedRun[], actions: Map<string, Identity>): string[] {
  const violations = runs.flatMap((run) => [...keyViolations(run, actions), ...outcomeViolations(run)]);
  const done = runs.flatMap(({ executions }) =>
    executions.flatMap(({ identity, end }) => (identity !== undefined && end === 'done' ? [identity] : [])),
  );
  for (const identity of new Set(done)) {
    const times = done.filter((other) => other === identity).length;
    const again = runs.filter(({ forecast }) => forecast.again.has(identity)).length;
    const isMissing = runs.some(
      ({ forecast: { must, again } }) => must.has(identity) && !again.has(identity),
    );
    const most = again + (isMissing ? 1 : 0);
    if (times > most) violations.push(`done ${times} times instead of ${most}: ${identity}`);
  }
  return violations;
}

/** A key stands for one action, and an action has one key, over the whole history. */
function keyViolations({ executions }: ObservedRun, actions: Map<string, Identity>): string[] {
  const violations: string[] = [];
  for (const { stage, key, identity } of executions) {
    if (identity === undefined) continue;
    const known = actions.get(key);
    if (known !== undefined && known !== identity) {
      violations.push(`${stage} is ${identity}, whose key stood for ${known}`);
    }
    const other = [...actions].find(([otherKey, action]) => action === identity && otherKey !== key);
    if (other) violations.push(`${stage} is ${identity}, which had another key`);
    actions.set(key, identity);
  }
  return violations;
}

function attemptViolations({ executions, forecast, isInterrupted }: ObservedRun): string[] {
  const violations: string[] = [];
  const byAction = new Map<Identity, Execution[]>();
  for (const execution of executions) {
    const { identity, stage, end } = execution;
    if (identity !== undefined) byAction.set(identity, [...(byAction.get(identity) ?? []), execution]);
    else if (!isInterrupted) violations.push(`an attempt of ${stage} ended as ${end} without an interrupt`);
  }
  for (const [identity, attempts] of byAction) {
    const who = attempts.map(({ stage, end }) => `${stage} ${end}`).join(', ');
    if (!forecast.may.has(identity)) violations.push(`executed without need: ${identity} (${who})`);
    else {
      const right = forecast.attempts.get(identity)!;
      const isRight = isInterrupted ? attempts.length <= right : attempts.length === right;
      if (!isRight) violations.push(`${attempts.length} attempts instead of ${right}: ${identity} (${who})`);
    }
  }
  if (isInterrupted) return violations;
  const left = [...forecast.must].filter((identity) => !byAction.has(identity));
  return [...violations, ...left.map((identity) => `not executed: ${identity}`)];
}

/** How each stage ended beside what a runner without a cache says. */
function outcomeViolations({ events, executions, forecast, isInterrupted }: ObservedRun): string[] {
  const violations: string[] = [];
  const done = new Set(executions.flatMap(({ identity, end }) => (end === 'done' ? [identity] : [])));
  const failed: Identity[] = [];
  for (const [stage, outcome] of outcomesOf(events)) {
    const expected = forecast.stages.get(stage);
    if (!expected) continue;
    if (outcome === 'ran' && !done.has(expected.identity)) {
      violations.push(`${stage} ran, but was not executed`);
    }
    if (outcome === 'failed' && expected.identity !== undefined) failed.push(expected.identity);
    const possible = possibleOutcomes(expected, isInterrupted);
    if (!possible.includes(outcome)) violations.push(`${stage} is ${outcome}, not ${possible.join(' or ')}`);
  }
  for (const identity of new Set(failed)) {
    const count = failed.filter((other) => other === identity).length;
    if (count > 1) violations.push(`${count} stages have failed as the same action: ${identity}`);
  }
  for (const { identity, succeeds } of isInterrupted ? [] : forecast.stages.values()) {
    if (identity !== undefined && !succeeds && !failed.includes(identity)) {
      violations.push(`nothing has failed as ${identity}`);
    }
  }
  return violations;
}

/** Of twins that fail one is tried, and the others are skipped. */
function possibleOutcomes({ identity, succeeds }: Expected, isInterrupted: boolean): string[] {
  const usual = identity === undefined ? ['skipped'] : succeeds ? ['hit', 'ran'] : ['failed', 'skipped'];
  return isInterrupted ? [...usual, 'cancelled'] : usual;
}
