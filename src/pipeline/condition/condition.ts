import type { Path } from '../yaml/value.ts';

/** A stretch of the text of a condition, in UTF-16 code units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What a condition compares with. */
export type Literal = null | boolean | number | string;

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

/** A condition as a tree; `span` is where each part is written. */
export type Condition = { readonly span: Span } & (
  | { readonly kind: 'literal'; readonly value: Literal }
  | { readonly kind: 'list'; readonly items: readonly Condition[] }
  /** `params.a.b`: the names after `params`. */
  | { readonly kind: 'param'; readonly path: Path }
  | { readonly kind: 'not'; readonly inner: Condition }
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | {
      readonly kind: 'compare';
      readonly operator: Comparison;
      readonly left: Condition;
      readonly right: Condition;
    }
);

/** What is wrong with a condition, and where in its text. */
export class ConditionProblem extends Error {
  readonly span: Span;
  readonly hint: string | undefined;

  constructor(message: string, span: Span, hint?: string) {
    super(message);
    this.span = span;
    this.hint = hint;
  }
}

/** The parameters that a condition reads, each time that it does. */
export function paramsIn(condition: Condition): readonly (Condition & { readonly kind: 'param' })[] {
  switch (condition.kind) {
    case 'param':
      return [condition];
    case 'literal':
      return [];
    case 'list':
      return condition.items.flatMap(paramsIn);
    case 'not':
      return paramsIn(condition.inner);
    default:
      return [...paramsIn(condition.left), ...paramsIn(condition.right)];
  }
}
