import { Environment, Interpreter, Template, tokenize } from '@huggingface/jinja';
import type { Json } from '../../contract/json.ts';
import { messageOf } from '../../contract/message-of.ts';
import { StageError } from '../../contract/stage-context.ts';
import { isNode, type Node, nameOf, nodesIn, parserMessage } from './jinja-nodes.ts';
import { MOST_NUMBERS, TemplateBounds, type TemplateValue, Unbounded } from './template-bounds.ts';
import { askedNodes } from './template-names.ts';

const NOT_JINJA = 'is not valid Jinja';
const NOT_RENDERED = 'cannot be rendered';

/** A template of texts for a model: gives the text of some values. */
export type TextTemplate = (values: Readonly<Record<string, Json>>) => string;

/**
 * Compiles a Jinja template. `what` names it in errors. Both this and rendering throw StageError: where the template is
 * wrong, and where it would take memory or time without bound, as `range(1000000000)` does.
 */
export function textTemplate(what: string, text: string): TextTemplate {
  const { parsed, asked } = attempt(what, NOT_JINJA, () => {
    const { parsed } = new Template(text);
    return { parsed, asked: new Set<unknown>(isNode(parsed) ? askedNodes(parsed) : []) };
  });
  return (values) => attempt(what, NOT_RENDERED, () => run(parsed, values, asked));
}

/**
 * Compiles the chat template of a model, for which what is undefined is an empty text, as in `transformers`. Throws
 * TemplateProblem, as rendering does.
 */
export function chatTemplateOf(text: string): TextTemplate {
  const { parsed } = inWords(NOT_JINJA, () => new Template(text));
  return (values) => inWords(NOT_RENDERED, () => run(parsed, values, undefined));
}

/** What is wrong with a chat template, or what it says is wrong with a conversation, as the end of a sentence. */
export class TemplateProblem extends Error {}

/** `otherwise`: what is wrong if the library says so. */
function inWords<Result>(otherwise: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refused) throw new TemplateProblem(`refuses the conversation: ${error.message}`);
    if (error instanceof Unbounded) throw new TemplateProblem(`asks for too much: ${error.message}`);
    throw new TemplateProblem(`${otherwise}: ${parserMessage(error)}`);
  }
}

type Parsed = Template['parsed'];

/** `asked`: nodes that may be undefined; undefined where all may be. */
function run(
  parsed: Parsed,
  values: Readonly<Record<string, Json>>,
  asked: ReadonlySet<unknown> | undefined,
): string {
  const environment = new Environment();
  for (const [name, value] of Object.entries({ ...GLOBALS, ...values })) environment.set(name, value);
  const interpreter = new Interpreter(environment);
  const bounds = new TemplateBounds();
  watch(interpreter, bounds, asked);
  const rendered: string = interpreter.run(parsed).value;
  bounds.checkText(rendered);
  return rendered;
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

/** The template itself refuses its values. */
class Refused extends Error {}

/** A name or an attribute has no value. */
class Undefined extends Error {}

/** The library's interpreter, as far as it is watched. */
interface Evaluator {
  evaluate(node: unknown, environment: unknown): TemplateValue;
}

/**
 * Ends a rendering of too many steps, and one that reads what is undefined, as Jinja's StrictUndefined does, but for the nodes
 * that are `asked`. All that an interpreter does goes through its `evaluate`.
 */
function watch(
  interpreter: Evaluator,
  bounds: TemplateBounds,
  asked: ReadonlySet<unknown> | undefined,
): void {
  const evaluate = interpreter.evaluate.bind(interpreter);
  interpreter.evaluate = (node, environment) => {
    bounds.enter(node);
    const value = evaluate(node, environment);
    bounds.leave(node, value);
    if (asked === undefined) return value;
    if (value.type === 'UndefinedValue' && isNode(node) && !asked.has(node)) {
      const name = readName(node);
      if (name !== undefined) throw new Undefined(name);
    }
    return value;
  };
}

/** How a template names a value: `history[0].role`; undefined for what is no name. */
function readName(node: Node): string | undefined {
  if (node.type === 'Identifier') return nameOf(node).name;
  if (node.type !== 'MemberExpression') return undefined;
  const [object] = nodesIn(node.object).map(readName);
  const [property] = nodesIn(node.property);
  const word = property && (readName(property) ?? JSON.stringify(property.value));
  return `${object ?? '…'}${node.computed === true ? `[${word}]` : `.${word}`}`;
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
    throw new Refused(String(message));
  },
};

/** The names of these, and of what the library brings. */
export const GLOBAL_NAMES: readonly string[] = [...Object.keys(GLOBALS), 'namespace'];

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

function attempt<Result>(what: string, otherwise: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const reason = messageOf(error);
    if (error instanceof Undefined) {
      throw new StageError(`${what} names \`${reason}\`, which is undefined.`, {
        hint: `Check its spelling, or say what stands for it: {{ ${reason} | default('') }}`,
      });
    }
    if (!(error instanceof Unbounded)) throw new StageError(`${what} ${otherwise}: ${parserMessage(error)}`);
    throw new StageError(`${what} asks for too much: ${reason}.`, {
      hint: 'A template writes one prompt. Make its loops shorter, or leave out data that is no prompt.',
    });
  }
}
