import { ConditionProblem, type Span } from './condition.ts';

export interface Token {
  readonly kind: 'word' | 'param' | 'number' | 'text' | 'sign' | 'end';
  /** As written; of a parameter the part behind `params.`, of a text what is between its quotes. */
  readonly text: string;
  readonly span: Span;
}

/** One alternative for each kind; `other` is what no condition can hold. */
const TOKEN = new RegExp(
  [
    String.raw`(?<space>\s+)`,
    String.raw`\$\{\s*params\.(?<braced>[\w-]+(?:\.[\w-]+)*)\s*\}`,
    String.raw`params\.(?<param>[\w-]+(?:\.[\w-]+)*)`,
    String.raw`(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])`,
    `'(?<single>[^']*)'|"(?<double>[^"]*)"`,
    String.raw`(?<word>[A-Za-z_][\w.-]*)`,
    String.raw`(?<sign>==|!=|<=|>=|&&|\|\||[<>()[\],=!&|+*/%-])`,
    '(?<other>.)',
  ].join('|'),
  'gsu',
);

/** What other languages write, and what means the same here. */
const INSTEAD: Readonly<Record<string, string>> = {
  '&&': '`and`',
  '&': '`and`',
  '||': '`or`',
  '|': '`or`',
  '!': '`not`',
  '=': '`==`',
};

/** The tokens of a condition, with one of kind `end` behind them. Throws a ConditionProblem. */
export function tokensOf(text: string): readonly Token[] {
  const tokens = [...text.matchAll(TOKEN)].flatMap((match): Token[] => {
    const { space, braced, param, number, single, double, word, sign } = match.groups!;
    const span = { start: match.index, end: match.index + match[0].length };
    if (space !== undefined) return [];
    const path = braced ?? param;
    if (path !== undefined) return [{ kind: 'param', text: path, span }];
    if (number !== undefined) return [{ kind: 'number', text: number, span }];
    const quoted = single ?? double;
    if (quoted !== undefined) return [{ kind: 'text', text: quoted, span }];
    if (word !== undefined) return [{ kind: 'word', text: word, span }];
    if (sign !== undefined) return [signToken(sign, span)];
    throw strange(match[0], span);
  });
  return [...tokens, { kind: 'end', text: '', span: { start: text.length, end: text.length } }];
}

function signToken(sign: string, span: Span): Token {
  const instead = INSTEAD[sign];
  if (instead !== undefined) throw new ConditionProblem(`\`${sign}\` is written ${instead}`, span);
  if (/^[+*/%-]$/.test(sign))
    throw new ConditionProblem('a condition compares values and does not compute', span);
  return { kind: 'sign', text: sign, span };
}

function strange(sign: string, span: Span): ConditionProblem {
  if (sign === "'" || sign === '"') return new ConditionProblem('this text has no closing quote', span);
  if (sign === '$') return new ConditionProblem('only `${params.NAME}` and `params.NAME` name a value', span);
  return new ConditionProblem(`a condition cannot hold \`${sign}\``, span);
}
