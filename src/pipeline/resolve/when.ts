import { type Condition, ConditionProblem, paramsIn, type Span } from '../condition/condition.ts';
import { isTrue } from '../condition/evaluate-condition.ts';
import { parseCondition } from '../condition/parse-condition.ts';
import type { Diagnostic, Place } from '../diagnostics/diagnostic.ts';
import { type Interpolation, parameterAt } from '../expand/interpolate.ts';
import type { Sources } from '../yaml/sources.ts';
import { get, type Path, type ScalarValue, toJson, type Value } from '../yaml/value.ts';

/** Nobody reads a longer one. */
const LONGEST = 1000;

/**
 * Whether a stage with this `when` is part of the pipeline: it is without one, and where something is wrong with it, which is
 * reported. Adds the parameters that it reads to `used`.
 */
export function isWanted(
  when: Value | undefined,
  { params, sources, diagnostics, used }: Interpolation,
): boolean {
  const report = (problem: Omit<Diagnostic, 'place'>, place: Place) => diagnostics.add({ ...problem, place });
  if (when === undefined || (when.kind === 'scalar' && when.value === true)) return true;
  if (when.kind === 'scalar' && when.value === false) return false;
  if (when.kind !== 'scalar' || typeof when.value !== 'string' || when.value.length > LONGEST) {
    const message = `\`when\` must be a condition of parameters, of at most ${LONGEST.toLocaleString('en')} characters`;
    if (!diagnostics.covers(when.place)) report({ code: 'condition', message, hint: EXAMPLE }, when.place);
    return true;
  }
  try {
    const condition = parseCondition(when.value);
    let isKnown = true;
    for (const { path, span } of paramsIn(condition)) {
      used.add(path[0]!);
      const found = parameterAt(params, path);
      if (!('unknown' in found)) continue;
      report(found.unknown, placeOf(span, when, sources));
      isKnown = false;
    }
    return !isKnown || isTrue(condition, (path) => toJson(parameterAt(params, path) as Value));
  } catch (error) {
    if (!(error instanceof ConditionProblem)) throw error;
    const { message, span, hint = EXAMPLE } = error;
    report({ code: 'condition', message: `in \`when\`: ${message}`, hint }, placeOf(span, when, sources));
    return true;
  }
}

const EXAMPLE = 'like `when: params.size == "small" and params.epochs > 1`';

/** The parameters that the conditions of stages read, as paths; what is no condition reads none. */
export function paramsOfConditions(stages: Value): readonly Path[] {
  const entries = stages.kind === 'map' ? [...stages.entries.values()] : [];
  return entries.flatMap(({ value }) => {
    const when = get(value, 'when');
    if (when?.kind !== 'scalar' || typeof when.value !== 'string' || when.value.length > LONGEST) return [];
    return paramsIn(parsed(when.value)).map(({ path }) => path);
  });
}

function parsed(text: string): Condition {
  try {
    return parseCondition(text);
  } catch (error) {
    if (!(error instanceof ConditionProblem)) throw error;
    return { kind: 'literal', value: true, span: { start: 0, end: text.length } };
  }
}

/** Where a part of a condition stands in its file. */
function placeOf({ start, end }: Span, when: ScalarValue, sources: Sources): Place {
  const text = String(when.value);
  const words = text.slice(start, end);
  if (words === '') return when.place;
  return sources.narrow(when.place, words, text.slice(0, start).split(words).length - 1);
}
