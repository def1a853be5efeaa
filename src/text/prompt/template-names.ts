import { isNode, type Node, nameOf, nodesIn, type PlacedName, parsePlaced } from './jinja-nodes.ts';

/** A name that is used where nothing defines it, and the names that are defined there. */
export interface UnknownName extends PlacedName {
  readonly visible: readonly string[];
}

/** What is said of the names of a template. */
export interface TemplateNames {
  /** Names that nothing defines where they are used. */
  readonly unknown: readonly UnknownName[];
  /** Names of values that are used. */
  readonly used: ReadonlySet<string>;
  /** Names that the template defines itself. */
  readonly own: readonly string[];
}

/** Names in a macro or a `call` block besides its parameters. */
const OF_MACROS = ['caller', 'varargs', 'kwargs'];
/** Tests and filters that are there for values which may be undefined. */
const ASKING = new Set(['defined', 'undefined', 'default', 'd']);

/**
 * Finds the names that a template uses and that cannot be defined there, given those that are known to it, through all of
 * Jinja's control flow. What is set in a branch counts as set after it; what is set in a loop ends with the loop. A question
 * such as `is defined` may be asked of a name that the template sets anywhere, but a name that nothing ever sets is a slip
 * there too. Throws what the parser throws for a text that is no template.
 */
export function templateNames(text: string, known: Iterable<string>): TemplateNames {
  const program = parsePlaced(text);
  const own = new Set(namesSetIn(program));
  const reader = new NameReader(own);
  reader.visit(program, new Scope(known));
  return { unknown: reader.unknown, used: reader.used, own: [...own] };
}

/** Whether a value that is undefined may be there: the operand of a question such as `is defined`. */
export function asksWhetherDefined(node: Node): boolean {
  const { test, filter } = node;
  if (node.type === 'TestExpression') return isNode(test) && ASKING.has(nameOf(test).name);
  if (node.type !== 'FilterExpression' || !isNode(filter)) return false;
  const name = filter.type === 'CallExpression' ? filter.callee : filter;
  return isNode(name) && ASKING.has(nameOf(name).name);
}

class Scope {
  readonly #names: Set<string>;
  readonly #parent: Scope | undefined;

  constructor(names: Iterable<string>, parent?: Scope) {
    this.#names = new Set(names);
    this.#parent = parent;
  }

  add(names: Iterable<string>): void {
    for (const name of names) this.#names.add(name);
  }

  all(): string[] {
    return [...(this.#parent?.all() ?? []), ...this.#names];
  }

  has(name: string): boolean {
    return this.#names.has(name) || this.#parent?.has(name) === true;
  }
}

class NameReader {
  readonly unknown: UnknownName[] = [];
  readonly used = new Set<string>();
  /** Everything that the template sets anywhere. */
  readonly #own: ReadonlySet<string>;

  constructor(own: ReadonlySet<string>) {
    this.#own = own;
  }

  visit(node: Node, scope: Scope): void {
    const visitAll = (value: unknown, inner = scope) => {
      for (const child of nodesIn(value)) this.visit(child, inner);
    };
    switch (node.type) {
      case 'Identifier':
        this.#use(nameOf(node), scope);
        return;
      case 'MemberExpression':
        visitAll(node.object);
        if (node.computed === true) visitAll(node.property);
        return;
      case 'KeywordArgumentExpression':
        visitAll(node.value);
        return;
      case 'TestExpression':
      case 'FilterExpression': {
        const asking = asksWhetherDefined(node);
        visitAll(node.operand, asking ? new Scope(this.#own, scope) : scope);
        if (isNode(node.filter)) visitAll(node.filter.args);
        return;
      }
      case 'FilterStatement':
        if (isNode(node.filter)) visitAll(node.filter.args);
        visitAll(node.body);
        return;
      case 'Set':
        visitAll(node.value);
        visitAll(node.body);
        if (isNode(node.assignee) && node.assignee.type === 'MemberExpression') visitAll(node.assignee);
        scope.add(namesBoundBy(node.assignee));
        return;
      case 'For':
        this.#visitLoop(node, scope);
        return;
      case 'Macro':
        scope.add(namesBoundBy(node.name));
        // It may be called when all that the template sets is set.
        this.#visitCallable(node.args, node.body, new Scope(this.#own, scope));
        return;
      case 'CallStatement':
        visitAll(node.call);
        this.#visitCallable(node.callerArgs, node.body, scope);
        return;
      default:
        // An operator such as `and` is a token that looks like a name.
        for (const [property, value] of Object.entries(node)) if (property !== 'operator') visitAll(value);
    }
  }

  #visitLoop({ iterable, loopvar, body, defaultBlock }: Node, scope: Scope): void {
    const inner = new Scope([...namesBoundBy(loopvar), 'loop'], scope);
    const filtered = isNode(iterable) && iterable.type === 'SelectExpression';
    for (const node of nodesIn(filtered ? iterable.lhs : iterable)) this.visit(node, scope);
    if (filtered) for (const node of nodesIn(iterable.test)) this.visit(node, inner);
    for (const node of nodesIn(body)) this.visit(node, inner);
    for (const node of nodesIn(defaultBlock)) this.visit(node, new Scope([], scope));
  }

  #visitCallable(parameters: unknown, body: unknown, scope: Scope): void {
    const inner = new Scope([...namesBoundBy(parameters), ...OF_MACROS], scope);
    for (const node of [...nodesIn(parameters), ...nodesIn(body)]) this.visit(node, inner);
  }

  #use(name: PlacedName, scope: Scope): void {
    if (scope.has(name.name)) this.used.add(name.name);
    else this.unknown.push({ ...name, visible: scope.all() });
  }
}

/** Names that an assignment, a loop or parameters give a value to. */
function namesBoundBy(value: unknown): string[] {
  return nodesIn(value).flatMap((node) => {
    if (node.type === 'Identifier') return [nameOf(node).name];
    if (node.type === 'TupleLiteral') return namesBoundBy(node.value);
    return node.type === 'KeywordArgumentExpression' ? namesBoundBy(node.key) : [];
  });
}

/** All names that are set anywhere in a template, but for those of loops and parameters. */
function namesSetIn(node: Node): string[] {
  const here = node.type === 'Set' ? namesBoundBy(node.assignee) : [];
  if (node.type === 'Macro') here.push(...namesBoundBy(node.name));
  return [...here, ...Object.values(node).flatMap((value) => nodesIn(value).flatMap(namesSetIn))];
}
