import type { Diagnostic, Place } from '../diagnostics/diagnostic.ts';

/** Circles that are reported: breaking one often breaks others. */
const MOST_CYCLES = 20;
/** Names of a circle that are listed at its beginning; the end has as many. */
const MOST_NAMES = 10;

/** A stage's need of another, and where the file says so. */
export interface Need {
  readonly to: string;
  readonly place: Place;
}

/**
 * Orders names so that what a name needs comes before it; among those that may come next, the order of `needs`
 * decides. Needs that are not names, or the name itself, are left to other checks. Each cycle becomes a
 * diagnostic; its names are then in the order anyway, so that other checks can continue.
 */
export function orderByNeeds(needs: ReadonlyMap<string, readonly Need[]>): {
  readonly order: readonly string[];
  readonly cycles: readonly Diagnostic[];
} {
  const order: string[] = [];
  const cycles: Diagnostic[] = [];
  const done = new Set<string>();
  // The way to the name that is looked at, in a list of its own: a chain of thousands is deeper than the stack.
  const trail: { readonly edge: Need; readonly rest: Iterator<Need> }[] = [];
  /** Where in the trail a name is. */
  const steps = new Map<string, number>();

  const enter = (edge: Need): void => {
    steps.set(edge.to, trail.length);
    trail.push({ edge, rest: (needs.get(edge.to) ?? []).values() });
  };

  const leave = (name: string): void => {
    trail.pop();
    steps.delete(name);
    done.add(name);
    order.push(name);
  };

  const follow = (edge: Need, from: string): void => {
    if (edge.to === from || !needs.has(edge.to) || done.has(edge.to)) return;
    const start = steps.get(edge.to);
    if (start === undefined) enter(edge);
    else if (cycles.length < MOST_CYCLES)
      cycles.push(cycleDiagnostic([...trail.slice(start + 1).map(({ edge }) => edge), edge], edge.to));
  };

  for (const name of needs.keys()) {
    if (!done.has(name)) enter({ to: name, place: { file: '', offset: 0, length: 0 } });
    for (let last = trail.at(-1); last !== undefined; last = trail.at(-1)) {
      const next = last.rest.next();
      if (next.done) leave(last.edge.to);
      else follow(next.value, last.edge.to);
    }
  }
  return { order, cycles };
}

/** `edges` lead from `start` around to it again. */
function cycleDiagnostic(edges: readonly Need[], start: string): Diagnostic {
  const names = [start, ...edges.map(({ to }) => to)];
  const [first, ...rest] = edges.map(({ to, place }, index) => ({
    message: `\`${names[index]}\` needs \`${to}\``,
    place,
  }));
  return {
    code: 'cycle',
    message: `stages need each other in a circle: ${listed(names).join(' -> ')}`,
    place: first!.place,
    hint: 'one of these inputs must come from elsewhere',
    related: rest,
  };
}

function listed(names: readonly string[]): readonly string[] {
  if (names.length <= 2 * MOST_NAMES) return names;
  return [...names.slice(0, MOST_NAMES), '…', ...names.slice(-MOST_NAMES)];
}
