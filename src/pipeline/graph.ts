import type { Diagnostic, Place } from './diagnostic.ts';

/** Circles that are reported: breaking one often breaks others. */
const MOST_CYCLES = 20;
/** Names of a circle that are listed at its beginning; the end has as many. */
const MOST_NAMES = 10;

/** A stage's need of another, and where the file says so. */
export interface Edge {
  readonly to: string;
  readonly place: Place;
}

/**
 * Orders names so that what a name needs comes before it; among those that may come next, the order of `needs`
 * decides. Needs that are not names, or the name itself, are left to other checks. Each cycle becomes a
 * diagnostic; its names are then in the order anyway, so that other checks can go on.
 */
export function orderByNeeds(needs: ReadonlyMap<string, readonly Edge[]>): {
  readonly order: readonly string[];
  readonly cycles: readonly Diagnostic[];
} {
  const order: string[] = [];
  const cycles: Diagnostic[] = [];
  const done = new Set<string>();
  const trail: Edge[] = [];
  /** Where in the trail a name is. */
  const steps = new Map<string, number>();

  const follow = (edge: Edge): void => {
    steps.set(edge.to, trail.length);
    trail.push(edge);
    visit(edge.to);
    trail.pop();
    steps.delete(edge.to);
  };

  const visit = (name: string): void => {
    for (const edge of needs.get(name) ?? []) {
      if (edge.to === name || !needs.has(edge.to) || done.has(edge.to)) continue;
      const start = steps.get(edge.to);
      if (start === undefined) follow(edge);
      else if (cycles.length < MOST_CYCLES)
        cycles.push(cycleDiagnostic([...trail.slice(start + 1), edge], edge.to));
    }
    done.add(name);
    order.push(name);
  };

  for (const name of needs.keys()) {
    if (!done.has(name)) follow({ to: name, place: { file: '', offset: 0, length: 0 } });
  }
  return { order, cycles };
}

/** `edges` lead from `start` around to it again. */
function cycleDiagnostic(edges: readonly Edge[], start: string): Diagnostic {
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
