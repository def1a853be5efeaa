import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/contract/json.ts';
import { ConditionProblem } from '../../../src/pipeline/condition/condition.ts';
import { isTrue } from '../../../src/pipeline/condition/evaluate-condition.ts';
import { parseCondition } from '../../../src/pipeline/condition/parse-condition.ts';

const PARAMS: Readonly<Record<string, Json>> = {
  size: 'small',
  epochs: 3,
  rate: 1e-5,
  quick: true,
  none: null,
  lora: { rank: 8, 'use-it': false },
  judges: ['chrf', 'llama3'],
};

function read(path: readonly string[]): Json {
  return path.reduce<Json>((value, name) => (value as Record<string, Json>)[name]!, PARAMS);
}

function evaluate(text: string): boolean {
  return isTrue(parseCondition(text), read);
}

/** The message about a condition, with the words that it points at. */
function problem(text: string): string {
  try {
    evaluate(text);
  } catch (error) {
    if (!(error instanceof ConditionProblem)) throw error;
    return `${error.message} @ ${text.slice(error.span.start, error.span.end)}`;
  }
  return 'no problem';
}

describe('a condition', () => {
  it.each([
    ['params.quick', true],
    ['${params.quick}', true],
    ['${ params.lora.rank } == 8', true],
    ['not params.quick', false],
    ['not not params.quick', true],
    ['params.size == "small"', true],
    ["params.size != 'small'", false],
    ['params.epochs >= 3 and params.epochs < 4', true],
    ['params.rate <= 0.00001', true],
    ['params.epochs == 3.0', true],
    ['params.epochs > -1', true],
    ['params.lora.use-it', false],
    ['params.lora != null', true],
    ['params.none == null', true],
    ['params.size == null', false],
    ["params.size in ['small', 'medium']", true],
    ["'llama3' in params.judges", true],
    ["'ollama' not in params.judges", true],
    ['params.none in ["a"]', false],
    ['params.size in []', false],
    // `and` binds before `or`, `not` before both.
    ['true or false and false', true],
    ['(true or false) and false', false],
    ['not true or true', true],
    ['not (true or true)', false],
    // What the left side decides, the right side need not be able to say.
    ['params.none == null or params.none > 1', true],
    ['params.none != null and params.none > 1', false],
  ])('%s is %s', (text, expected) => {
    expect(evaluate(text)).toBe(expected);
  });

  it.each([
    ['params.size', '`params.size` is the text "small", not true or false @ params.size'],
    ['params.epochs', '`params.epochs` is the number 3, not true or false @ params.epochs'],
    ['not params.none', '`params.none` is null, not true or false @ params.none'],
    ['params.quick and params.size', '`params.size` is the text "small", not true or false @ params.size'],
    [
      'params.epochs == "3"',
      'it compares the number 3 (`params.epochs`) with the text "3", which are never equal @ params.epochs == "3"',
    ],
    ['params.size < 3', '`params.size` is the text "small", and `<` compares numbers @ params.size < 3'],
    ['3 > params.none', '`params.none` is null, and `>` compares numbers @ 3 > params.none'],
    [
      'params.lora == 3',
      '`params.lora` is an object, and only single values are compared @ params.lora == 3',
    ],
    [
      'params.size in params.epochs',
      '`params.epochs` is the number 3, and `in` needs a list @ params.size in params.epochs',
    ],
    [
      'params.epochs in params.judges',
      '`params.epochs` is the number 3, and the list holds nothing of that kind @ params.epochs in params.judges',
    ],
    ['params.quick && true', '`&&` is written `and` @ &&'],
    ['!params.quick', '`!` is written `not` @ !'],
    ['params.size = "small"', '`=` is written `==` @ ='],
    ['params.epochs + 1 > 2', 'a condition compares values and does not compute @ +'],
    ['1 < params.epochs < 4', 'one comparison cannot follow another @ <'],
    ['size == "small"', '`size` is no value @ size'],
    ['params.quick adn true', 'the condition ends before this @ adn'],
    ['params.quick and', 'a value is missing here @ '],
    ['(params.quick', 'this bracket has no `)` @ ('],
    ["params.size in ['a'", 'this bracket has no `]` @ ['],
    ['params.size == "small', 'this text has no closing quote @ "'],
    ['params', '`params` names no parameter @ params'],
    ['${env.HOME} == "x"', 'only `${params.NAME}` and `params.NAME` name a value @ $'],
    [
      'params.epochs == 99999999999999999999',
      '99999999999999999999 is too large to be exact @ 99999999999999999999',
    ],
    ['🙂', 'a condition cannot hold `🙂` @ 🙂'],
    [`${'('.repeat(101)}true`, 'more than 100 brackets are open here @ ('],
  ])('%s is refused: %s', (text, expected) => {
    expect(problem(text)).toBe(expected);
  });

  it('means what a program means by it', () => {
    const number = fc.integer({ min: -2, max: 4 });
    const compared = fc
      .tuple(fc.constantFrom('<', '<=', '>', '>=', '==', '!='), number, number)
      .map(([sign, a, b]) => ({
        text: `${a} ${sign} ${b}`,
        value: { '<': a < b, '<=': a <= b, '>': a > b, '>=': a >= b, '==': a === b, '!=': a !== b }[sign]!,
      }));
    const sought = fc
      .tuple(number, fc.array(number, { maxLength: 4 }), fc.boolean())
      .map(([a, list, not]) => ({
        text: `${a} ${not ? 'not ' : ''}in [${list.join(',')}]`,
        value: list.includes(a) !== not,
      }));
    interface Meant {
      readonly text: string;
      readonly value: boolean;
    }
    const { any } = fc.letrec<{ any: Meant }>((tie) => ({
      any: fc.oneof(
        { depthSize: 'medium', withCrossShrink: true },
        fc.boolean().map((value) => ({ text: String(value), value })),
        compared,
        sought,
        tie('any').map(({ text, value }) => ({ text: `(${text})`, value })),
        tie('any').map(({ text, value }) => ({ text: `not (${text})`, value: !value })),
        fc.tuple(tie('any'), tie('any')).map(([a, b]) => ({
          text: `(${a.text}) and (${b.text})`,
          value: a.value && b.value,
        })),
        fc.tuple(tie('any'), tie('any')).map(([a, b]) => ({
          text: `(${a.text})\tor (${b.text})`,
          value: a.value || b.value,
        })),
      ),
    }));
    fc.assert(
      fc.property(any, ({ text, value }) => void expect(evaluate(text)).toBe(value)),
      { numRuns: 500 },
    );
  });

  it('binds as `or` of `and` of `not`, however many follow one another', () => {
    const term = fc.record({ not: fc.boolean(), value: fc.boolean() });
    const groups = fc.array(fc.array(term, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(groups, (or) => {
        const text = or
          .map((and) => and.map(({ not, value }) => `${not ? 'not ' : ''}${value}`).join(' and '))
          .join(' or ');
        expect(evaluate(text)).toBe(or.some((and) => and.every(({ not, value }) => value !== not)));
      }),
    );
  });

  it('is a condition or a problem inside its text, whatever the text', () => {
    const words = fc.constantFrom(
      ...['params.', 'params.size', '${', '}', '(', ')', '[', ']', ',', 'not', 'in', 'and', 'or', '==', '<'],
      ...['1', '1e999', "'", '"', 'true', 'null', '-', ' ', '\n', '.', 'x'],
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(words).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (text) => {
        try {
          parseCondition(text);
        } catch (error) {
          if (!(error instanceof ConditionProblem)) throw error;
          expect(error.span.start).toBeGreaterThanOrEqual(0);
          expect(error.span.end).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
