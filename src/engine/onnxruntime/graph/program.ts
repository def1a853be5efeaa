import type { Constant, Operand, TraceNode, Value } from './trace.ts';

/** The part of the trace that computes some values, with everything that a graph of it needs. */
export interface Program {
  /** In an order in which they can run. */
  readonly nodes: readonly TraceNode[];
  /** Known values as the nodes read them; each value and shape once. */
  readonly inputs: readonly Operand[];
  readonly outputs: readonly Value[];
  /** Equal for programs whose graphs are equal. */
  readonly structure: string;
}

/** Collects what computes `outputs`, which are all still to be computed. */
export function programFor(outputs: readonly Value[]): Program {
  const nodes = nodesBefore(outputs);
  const names = new Map<Value, string>();
  const places = new Map<string, number>();
  const inputs: Operand[] = [];
  const structure: string[] = [];
  const describe = (input: Operand | Constant | undefined): string => {
    if (input === undefined) return '_';
    if ('constant' in input) return `${input.type}[${input.shape}]=${input.constant}`;
    const name = names.get(input.value);
    if (name !== undefined) return `${name}[${input.shape}]`;
    const key = inputKey(input);
    const place = places.get(key) ?? inputs.push(input) - 1;
    places.set(key, place);
    return `@${place}${input.value.type}[${input.shape}]`;
  };
  for (const [index, node] of nodes.entries()) {
    structure.push(node.op);
    if (node.attributes !== undefined) structure.push(JSON.stringify(node.attributes));
    for (const input of node.inputs) structure.push(describe(input));
    for (const [port, value] of node.outputs.entries()) names.set(value, `${index}.${port}`);
  }
  structure.push('->', ...outputs.map((value) => names.get(value)!));
  return { nodes, inputs, outputs, structure: structure.join(' ') };
}

/** Distinguishes the inputs of one program. */
export function inputKey({ value, shape }: Operand): string {
  return `${value.id}[${shape}]`;
}

function nodesBefore(outputs: readonly Value[]): TraceNode[] {
  const found = new Set<TraceNode>();
  const waiting = outputs.map((value) => value.producer!);
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    for (const input of node.inputs) {
      if (input !== undefined && 'value' in input && input.value.data === undefined)
        waiting.push(input.value.producer!);
    }
  }
  return [...found].sort((a, b) => a.id - b.id);
}
