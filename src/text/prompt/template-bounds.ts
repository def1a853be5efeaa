import { isNode, nodesIn } from './jinja-nodes.ts';

/** Of one `range`; a list of more numbers is no prompt. */
export const MOST_NUMBERS = 10_000;
/** Statements and expressions of one rendering, those in loops each time; a prompt style has about ten. */
const MOST_STEPS = 100_000;
/** Expressions inside each other: a macro that calls itself without end would take the whole stack. */
const DEEPEST = 500;
/** Characters of a rendered text, or parts of a value: a thousand times what the models here can read. */
const LONGEST_TEXT = 16_000_000;
/** What a member of a list or an object takes, in characters. */
const MEMBER = 10;
/** Work on a value takes time by its size: this many parts of what an operation gives are a step more, and of what is only named. */
const WORKED_ON_A_STEP = 1000;
const NAMED_A_STEP = 10_000;
const OPERATIONS = new Set(['BinaryExpression', 'CallExpression', 'FilterExpression', 'TestExpression']);

/** What a template asks for is more than any prompt needs. */
export class Unbounded extends Error {}

/** A value of the library's interpreter. */
export interface TemplateValue {
  readonly type: string;
  readonly value?: unknown;
}

/** Counts what one rendering does, in steps and not in seconds: the same template is refused on every machine. */
export class TemplateBounds {
  #steps = 0;
  #depth = 0;
  /** What loops go through. A loop counts all of it, also if its body is empty, or leaves early. */
  readonly #looped = new WeakSet<object>();
  readonly #parts = new WeakMap<object, number>();

  /** Before a node is evaluated. Throws Unbounded. */
  enter(node: unknown): void {
    this.#count(1);
    if (++this.#depth > DEEPEST) throw new Unbounded(`its expressions are more than ${DEEPEST} deep`);
    if (!isNode(node) || node.type !== 'For') return;
    for (const iterable of nodesIn(node.iterable))
      for (const looped of iterable.type === 'SelectExpression' ? nodesIn(iterable.lhs) : [iterable])
        this.#looped.add(looped);
  }

  /** After it: what it gave. Throws Unbounded. */
  leave(node: unknown, value: TemplateValue): void {
    this.#depth--;
    const parts = this.#partsOf(value);
    if (parts > LONGEST_TEXT) throw new Unbounded(`a value of it has ${parts} parts`);
    const members = membersOf(value)?.length ?? 0;
    if (!isNode(node)) return;
    if (this.#looped.has(node)) this.#count(members);
    const size = members > 0 ? members * MEMBER : parts;
    this.#count(size / (OPERATIONS.has(node.type) ? WORKED_ON_A_STEP : NAMED_A_STEP));
  }

  /** Throws Unbounded for a text that is longer than any prompt. */
  checkText(text: string): void {
    if (text.length > LONGEST_TEXT) throw new Unbounded(`its text has ${text.length} characters`);
  }

  #count(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MOST_STEPS) throw new Unbounded(`it takes more than ${MOST_STEPS} steps`);
  }

  /** With all that is inside: a list that holds the same list twice, forty times over, is short, and endless as a text. */
  #partsOf(value: TemplateValue): number {
    const known = this.#parts.get(value);
    if (known !== undefined) return known;
    if (typeof value.value === 'string') return value.value.length;
    const members = membersOf(value);
    if (members === undefined) return 1;
    // Its members change, so nothing that holds it has a size that stays.
    if (members.some(isNamespace)) throw new Unbounded('it keeps a namespace inside of another value');
    const parts = members.reduce((sum, member) => sum + MEMBER + this.#partsOf(member), 0);
    if (!isNamespace(value)) this.#parts.set(value, parts);
    return parts;
  }
}

/** The members of a list, an object or a namespace; undefined for other values. */
function membersOf({ value }: TemplateValue): readonly TemplateValue[] | undefined {
  if (Array.isArray(value)) return value;
  return value instanceof Map ? [...value.values()] : undefined;
}

function isNamespace({ type }: TemplateValue): boolean {
  return type === 'NamespaceValue';
}
