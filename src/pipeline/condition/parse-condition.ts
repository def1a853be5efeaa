import { closestName } from '../diagnostics/did-you-mean.ts';
import { type Comparison, type Condition, ConditionProblem, type Span } from './condition.ts';
import { type Token, tokensOf } from './tokens.ts';

const COMPARISONS = ['==', '!=', '<', '<=', '>', '>=', 'in'] as const;
const WORDS = ['and', 'or', 'not', 'in', 'true', 'false', 'null', 'params'];

/** Brackets and `not` that may be open at once: far more than anybody can read. */
const MOST_OPEN = 100;

/**
 * Reads a condition. `or` binds loosest, then `and`, then `not`, then one comparison of two values. Throws a
 * ConditionProblem that says what is wrong where.
 */
export function parseCondition(text: string): Condition {
  return new Parser(tokensOf(text)).whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #open = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Condition {
    const condition = this.#or();
    const rest = this.#next;
    if (rest.kind !== 'end') throw unexpected(rest, 'the condition ends before this');
    return condition;
  }

  get #next(): Token {
    return this.#tokens[this.#at]!;
  }

  #is(kind: Token['kind'], text: string): boolean {
    return this.#next.kind === kind && this.#next.text === text;
  }

  /** Steps over the next token if it is this one. */
  #take(kind: Token['kind'], text: string): boolean {
    const isIt = this.#is(kind, text);
    if (isIt) this.#at++;
    return isIt;
  }

  #or(): Condition {
    let left = this.#and();
    while (this.#take('word', 'or')) left = joined('or', left, this.#and());
    return left;
  }

  #and(): Condition {
    let left = this.#not();
    while (this.#take('word', 'and')) left = joined('and', left, this.#not());
    return left;
  }

  #not(): Condition {
    const { span } = this.#next;
    if (!this.#take('word', 'not')) return this.#comparison();
    const inner = this.#nested(() => this.#not());
    return { kind: 'not', inner, span: around(span, inner.span) };
  }

  #comparison(): Condition {
    const left = this.#value();
    const operator = this.#operator();
    if (operator === undefined) return left;
    const right = this.#value();
    const second = this.#next;
    if (this.#operator() !== undefined)
      throw unexpected(second, 'one comparison cannot follow another', 'join the two with `and`');
    return { kind: 'compare', operator, left, right, span: around(left.span, right.span) };
  }

  #operator(): Comparison | undefined {
    const operator = COMPARISONS.find((sign) => this.#take(sign === 'in' ? 'word' : 'sign', sign));
    if (operator !== undefined || !this.#is('word', 'not')) return operator;
    const after = this.#tokens[this.#at + 1]!;
    if (after.kind !== 'word' || after.text !== 'in') return undefined;
    this.#at += 2;
    return 'not in';
  }

  #value(): Condition {
    const token = this.#next;
    const { span, text } = token;
    if (this.#is('sign', '(')) return this.#nested(() => this.#inBrackets());
    if (this.#is('sign', '[')) return this.#nested(() => this.#list());
    this.#at++;
    switch (token.kind) {
      case 'param':
        return { kind: 'param', path: text.split('.'), span };
      case 'number':
        return { kind: 'literal', value: numberOf(token), span };
      case 'text':
        return { kind: 'literal', value: text, span };
      case 'word':
        if (text === 'true' || text === 'false') return { kind: 'literal', value: text === 'true', span };
        if (text === 'null') return { kind: 'literal', value: null, span };
        throw unknownWord(token);
      default:
        throw unexpected(token, 'a value is missing here');
    }
  }

  #inBrackets(): Condition {
    const { span } = this.#next;
    this.#at++;
    const inner = this.#or();
    const end = this.#close(')', span);
    return { ...inner, span: around(span, end) };
  }

  #list(): Condition {
    const { span } = this.#next;
    this.#at++;
    const items: Condition[] = [];
    while (!this.#is('sign', ']')) {
      items.push(this.#value());
      if (!this.#take('sign', ',')) break;
    }
    return { kind: 'list', items, span: around(span, this.#close(']', span)) };
  }

  #close(sign: string, opened: Span): Span {
    const { span } = this.#next;
    if (this.#take('sign', sign)) return span;
    throw new ConditionProblem(`this bracket has no \`${sign}\``, opened);
  }

  #nested(read: () => Condition): Condition {
    if (++this.#open > MOST_OPEN)
      throw unexpected(this.#next, `more than ${MOST_OPEN} brackets are open here`);
    const condition = read();
    this.#open--;
    return condition;
  }
}

function joined(kind: 'and' | 'or', left: Condition, right: Condition): Condition {
  return { kind, left, right, span: around(left.span, right.span) };
}

function around(first: Span, last: Span): Span {
  return { start: first.start, end: last.end };
}

function numberOf({ text, span }: Token): number {
  const value = Number(text);
  if (Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))) return value;
  throw new ConditionProblem(`${text} is too large to be exact`, span);
}

function unexpected(token: Token, message: string, hint?: string): ConditionProblem {
  return new ConditionProblem(message, token.span, hint);
}

/** A word that stands for nothing: a text without quotes, a parameter without `params.`, or another language's word. */
function unknownWord({ text, span }: Token): ConditionProblem {
  if (text === 'params' || text.startsWith('params.'))
    return new ConditionProblem(`\`${text}\` names no parameter`, span, 'write `params.NAME`');
  const known = closestName(text, WORDS);
  const hint = `\`params.${text}\` is a parameter, '${text}' a text${known === undefined ? '' : `; or did you mean \`${known}\`?`}`;
  return new ConditionProblem(`\`${text}\` is no value`, span, hint);
}
