import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Need, orderByNeeds } from '../../../src/pipeline/resolve/graph.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

const graph = (edges: readonly (readonly [string, string])[], order: readonly string[] = names) =>
  new Map(
    order.map((name): [string, Need[]] => [
      name,
      edges
        .filter(([from]) => from === name)
        .map(([from, to]) => ({ to, place: { file: `${from} -> ${to}`, offset: 0, length: 1 } })),
    ]),
  );

const name = fc.constantFrom(...names);
const anyEdges = fc.array(fc.tuple(name, name));
/** Edges from later names to earlier ones: no cycle is possible. */
const acyclicEdges = anyEdges.map((edges) => edges.filter(([from, to]) => to < from));

describe('orderByNeeds', () => {
  it('puts what a name needs before it, in whatever order the file has them', () => {
    fc.assert(
      fc.property(acyclicEdges, fc.shuffledSubarray(names, { minLength: names.length }), (edges, file) => {
        const { order, cycles } = orderByNeeds(graph(edges, file));
        expect(cycles).toEqual([]);
        expect([...order].sort()).toEqual(names);
        for (const [from, to] of edges) expect(order.indexOf(to)).toBeLessThan(order.indexOf(from));
      }),
    );
  });

  it('keeps the order of the file where nothing needs anything', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(names), (file) => {
        expect(orderByNeeds(graph([], file)).order).toEqual(file);
      }),
    );
  });

  it('finds a cycle exactly where there is one', () => {
    fc.assert(
      fc.property(anyEdges, (pairs) => {
        const edges = pairs.filter(([from, to]) => from !== to);
        const { cycles } = orderByNeeds(graph(edges));
        expect(cycles.length > 0).toBe(isCyclic(edges));
      }),
    );
  });

  it('tells a cycle all around, with the place of each need', () => {
    const { cycles } = orderByNeeds(
      graph([
        ['a', 'b'],
        ['b', 'c'],
        ['c', 'b'],
      ]),
    );
    expect(cycles).toHaveLength(1);
    expect(cycles[0]).toMatchObject({
      code: 'cycle',
      message: 'stages need each other in a circle: b -> c -> b',
      place: { file: 'b -> c' },
      related: [{ message: '`c` needs `b`', place: { file: 'c -> b' } }],
    });
  });

  it('is not stopped by a chain of a thousand', () => {
    const chain = Array.from({ length: 1000 }, (_, index) => `s${index}`);
    const edges = chain.slice(1).map((to, index): [string, string] => [chain[index]!, to]);
    expect(orderByNeeds(graph(edges, chain)).order).toEqual([...chain].reverse());
  });
});

/** Takes away names that need nothing, until none is left or all that are left need each other. */
function isCyclic(edges: readonly (readonly [string, string])[]): boolean {
  const rest = edges.filter(([, to]) => edges.some(([from]) => from === to));
  return rest.length === edges.length ? edges.length > 0 : isCyclic(rest);
}
