import { Environment, Interpreter, Template, tokenize } from '@huggingface/jinja';
import type { Json } from '../../contract/json.ts';
import { messageOf } from '../../contract/message-of.ts';
import { StageError } from '../../contract/stage-context.ts';

/** Of one `range`; a list of more numbers is no prompt. */
const MOST_NUMBERS = 10_000;
/** Statements and expressions of one rendering, those in loops each time; a prompt style has about ten. */
const MOST_STEPS = 100_000;
/** Characters of a rendered text: a thousand times what the models here can read. */
const LONGEST_TEXT = 16_000_000;

/** A template of texts for a model: gives the text of some values. */
export type TextTemplate = (values: Readonly<Record<string, Json>>) => string;

/**
 * Compiles a Jinja template. `what` names it in errors. Both this and rendering throw StageError: where the template is
 * wrong, and where it would take memory or time without bound, as `range(1000000000)` does.
 */
export function textTemplate(what: string, text: string): TextTemplate {
  const { parsed } = attempt(what, () => new Template(text));
  return (values) =>
    attempt(what, () => {
      const environment = new Environment();
      for (const [name, value] of Object.entries({ ...GLOBALS, ...values })) environment.set(name, value);
      const interpreter = new Interpreter(environment);
      countSteps(interpreter);
      const rendered: string = interpreter.run(parsed).value;
      if (rendered.length > LONGEST_TEXT) throw new Unbounded(`its text has ${rendered.length} characters`);
      return rendered;
    });
}

/** Every word in a template that may be the name of a value; empty for a text that is no template. */
export function namesIn(text: string): ReadonlySet<string> {
  try {
    const tokens: readonly { readonly type: string; readonly value: string }[] = tokenize(text);
    return new Set(tokens.flatMap(({ type, value }) => (type === 'Identifier' ? [value] : [])));
  } catch {
    return new Set();
  }
}

/** What a template asks for is more than any prompt needs. */
class Unbounded extends Error {}

/** Ends a rendering of too many steps. All that an interpreter does goes through its `evaluate`. */
function countSteps(interpreter: { evaluate(...of: unknown[]): unknown }): void {
  const evaluate = interpreter.evaluate.bind(interpreter);
  let steps = 0;
  interpreter.evaluate = (...of) => {
    if (++steps > MOST_STEPS) throw new Unbounded(`it takes more than ${MOST_STEPS} steps`);
    return evaluate(...of);
  };
}

/** What templates can name besides their values: Jinja's, without a clock, because the same record gives the same text. */
const GLOBALS = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  range: numbersOf,
  raise_exception: (message: unknown) => {
    throw new Error(String(message));
  },
};

/** Python's `range`. */
function numbersOf(...bounds: number[]): number[] {
  const [start, stop, step = 1] = bounds.length > 1 ? bounds : [0, bounds[0]];
  const numbers: number[] = [];
  for (let number = start!; step < 0 ? number > stop! : number < stop!; number += step) {
    if (numbers.length === MOST_NUMBERS)
      throw new Unbounded(`range(${bounds.join(', ')}) has more than ${MOST_NUMBERS} numbers`);
    numbers.push(number);
  }
  return numbers;
}

function attempt<Result>(what: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const reason = messageOf(error);
    if (!(error instanceof Unbounded)) throw new StageError(`${what} is not valid Jinja: ${reason}`);
    throw new StageError(`${what} asks for too much: ${reason}.`, {
      hint: 'A template writes one prompt. Make its loops shorter.',
    });
  }
}
