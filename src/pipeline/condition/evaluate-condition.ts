import type { Json } from '../../contract/json.ts';
import type { Path } from '../yaml/value.ts';
import { type Comparison, type Condition, ConditionProblem, type Literal } from './condition.ts';

/** The value of a parameter, of which it is known that it is there. */
export type ReadParam = (path: Path) => Json;

/**
 * Whether a condition is true. Only truth values are true or false, only values of one kind are equal or not, and only
 * numbers have an order: anything else throws a ConditionProblem. `null` equals null alone and may be compared with
 * anything. Of `and` and `or` the right side counts only where the left one does not decide.
 */
export function isTrue(condition: Condition, read: ReadParam): boolean {
  const value = valueFor(condition, read);
  if (typeof value === 'boolean') return value;
  throw new ConditionProblem(
    `${described(condition, value)}, not true or false`,
    condition.span,
    'compare it, like `params.size == "small"` or `params.size != null`',
  );
}

function valueFor(condition: Condition, read: ReadParam): Json {
  switch (condition.kind) {
    case 'literal':
      return condition.value;
    case 'list':
      return condition.items.map((item) => valueFor(item, read));
    case 'param':
      return read(condition.path);
    case 'not':
      return !isTrue(condition.inner, read);
    case 'and':
      return isTrue(condition.left, read) && isTrue(condition.right, read);
    case 'or':
      return isTrue(condition.left, read) || isTrue(condition.right, read);
    case 'compare':
      return compare(condition, read);
  }
}

function compare(condition: Condition & { readonly kind: 'compare' }, read: ReadParam): boolean {
  const { operator, left, right } = condition;
  const [a, b] = [valueFor(left, read), valueFor(right, read)];
  if (operator === 'in') return isIn(condition, a, b);
  if (operator === 'not in') return !isIn(condition, a, b);
  if (operator === '==') return isSame(condition, a, b);
  if (operator === '!=') return !isSame(condition, a, b);
  if (typeof a !== 'number' || typeof b !== 'number') {
    const [part, value] = typeof a === 'number' ? [right, b] : [left, a];
    throw new ConditionProblem(
      `${described(part, value)}, and \`${operator}\` compares numbers`,
      condition.span,
    );
  }
  return ORDER[operator](a, b);
}

const ORDER: Readonly<
  Record<Exclude<Comparison, '==' | '!=' | 'in' | 'not in'>, (a: number, b: number) => boolean>
> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function isSame(condition: Condition & { readonly kind: 'compare' }, a: Json, b: Json): boolean {
  if (a === null || b === null) return a === b;
  const { left, right, span } = condition;
  for (const [part, value] of [[left, a] as const, [right, b] as const]) {
    if (!isScalar(value))
      throw new ConditionProblem(`${described(part, value)}, and only single values are compared`, span);
  }
  if (typeof a === typeof b) return a === b;
  const sides = `${named(left, a)} with ${named(right, b)}`;
  throw new ConditionProblem(`it compares ${sides}, which are never equal`, span);
}

function isIn({ left, right, span }: Condition & { readonly kind: 'compare' }, a: Json, b: Json): boolean {
  if (!Array.isArray(b)) throw new ConditionProblem(`${described(right, b)}, and \`in\` needs a list`, span);
  if (!isScalar(a))
    throw new ConditionProblem(`${described(left, a)}, and only single values are looked for`, span);
  const items: readonly Json[] = b;
  const isPossible = a === null || items.length === 0 || items.some((item) => typeof item === typeof a);
  if (isPossible) return items.includes(a);
  throw new ConditionProblem(`${described(left, a)}, and the list holds nothing of that kind`, span);
}

function isScalar(value: Json): value is Literal {
  return value === null || typeof value !== 'object';
}

/** `params.size is the text "small"`, `3 is a number`. */
function described(part: Condition, value: Json): string {
  const subject = part.kind === 'param' ? `\`params.${part.path.join('.')}\`` : undefined;
  const words = wordsOf(value);
  if (subject !== undefined) return `${subject} is ${words}`;
  return part.kind === 'literal' ? words : `this is ${words}`;
}

/** `the text "small" (params.size)`. */
function named(part: Condition, value: Json): string {
  return part.kind === 'param' ? `${wordsOf(value)} (\`params.${part.path.join('.')}\`)` : wordsOf(value);
}

function wordsOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string'
    ? `the text ${JSON.stringify(value)}`
    : typeof value === 'number'
      ? `the number ${value}`
      : `the truth value ${value}`;
}
