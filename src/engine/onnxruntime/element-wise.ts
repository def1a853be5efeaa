import { type Code, END, instantiate, unsigned, type WasmFunction } from './wasm-module.ts';

/** An array or a number by its name, or an operation on what is before it. */
export type Expression<Name extends string> =
  | Name
  | readonly ['sqrt', Expression<Name>]
  | readonly ['add' | 'sub' | 'mul' | 'div', Expression<Name>, Expression<Name>];

/** What is computed for each element, in float32 and in this order: an array's name is its newest value. */
export interface ElementWise<A extends string, N extends string> {
  readonly arrays: readonly A[];
  readonly numbers: readonly N[];
  readonly assignments: readonly (readonly [A, Expression<A | N>])[];
}

/** Changes arrays of one length where they are. */
export type ElementWiseRun<A extends string, N extends string> = (
  arrays: Readonly<Record<A, Float32Array>>,
  numbers: Readonly<Record<N, number>>,
) => void;

/** https://webassembly.github.io/spec/core/binary/instructions.html; those on four numbers follow a prefix. */
const VECTOR = 0xfd;
const OPERATIONS = {
  sqrt: [VECTOR, ...unsigned(0xe3)],
  add: [VECTOR, ...unsigned(0xe4)],
  sub: [VECTOR, ...unsigned(0xe5)],
  mul: [VECTOR, ...unsigned(0xe6)],
  div: [VECTOR, ...unsigned(0xe7)],
} as const;
const SPLAT = [VECTOR, 0x13];
const load = (offset: number): Code => [VECTOR, 0x00, VECTOR_ALIGNMENT, ...unsigned(offset)];
const store = (offset: number): Code => [VECTOR, 0x0b, VECTOR_ALIGNMENT, ...unsigned(offset)];
const get = (local: number): Code => [0x20, ...unsigned(local)];
const set = (local: number): Code => [0x21, ...unsigned(local)];
const LOOP = [0x03, 0x40];
const BRANCH_IF = [0x0d, 0];
const INTEGER_CONSTANT = 0x41;
const INTEGER_ADD = 0x6a;
const INTEGER_LESS = 0x49;
const VECTOR_BYTES = 16;
const VECTOR_ALIGNMENT = Math.log2(VECTOR_BYTES);

/**
 * Elements that are worked on at once. They are copied into the memory of the WebAssembly code and back, since it
 * sees no other; as they fit into a core's cache, main memory is still read and written once.
 */
const CHUNK = 2 ** 13;

/**
 * Compiles element-wise arithmetic into one pass over memory, four elements at a time. Every operation rounds as
 * IEEE 754 says, so the results are the same bits on every machine.
 */
export function compileElementWise<A extends string, N extends string>(
  definition: ElementWise<A, N>,
): ElementWiseRun<A, N> {
  const { arrays: names, numbers: numberNames, assignments } = definition;
  const arrayBytes = CHUNK * Float32Array.BYTES_PER_ELEMENT;
  const { memory, run } = instantiate(loopOver(definition, arrayBytes), names.length * arrayBytes);
  const inside = names.map((_, place) => new Float32Array(memory.buffer, place * arrayBytes, CHUNK));
  const changed = new Set<A>(assignments.map(([name]) => name));
  return (arrays, numbers) => {
    const { length } = arrays[names[0]!];
    const values = numberNames.map((name) => numbers[name]);
    for (let from = 0; from < length; from += CHUNK) {
      const count = Math.min(CHUNK, length - from);
      for (const [place, name] of names.entries()) {
        inside[place]!.set(arrays[name].subarray(from, from + count));
      }
      run(count * Float32Array.BYTES_PER_ELEMENT, ...values);
      for (const [place, name] of names.entries()) {
        const results = inside[place]!;
        if (changed.has(name)) arrays[name].set(count < CHUNK ? results.subarray(0, count) : results, from);
      }
    }
  };
}

/** A function of the number of bytes to work on and of the numbers; the arrays are one after another. */
function loopOver<A extends string, N extends string>(
  { arrays, numbers, assignments }: ElementWise<A, N>,
  arrayBytes: number,
): WasmFunction {
  const end = 0;
  const at = 1 + numbers.length;
  const vectors = [...numbers, ...arrays];
  const local = (name: A | N): number => at + 1 + vectors.indexOf(name);
  const code = (expression: Expression<A | N>): Code => {
    if (typeof expression === 'string') return get(local(expression));
    const [operation, ...operands] = expression;
    return [...operands.flatMap(code), ...OPERATIONS[operation]];
  };
  const advance = [...get(at), INTEGER_CONSTANT, VECTOR_BYTES, INTEGER_ADD, ...set(at)];
  const repeatBeforeEnd = [...get(at), ...get(end), INTEGER_LESS, ...BRANCH_IF];
  return {
    parameters: ['i32', ...numbers.map(() => 'f32' as const)],
    locals: ['i32', ...vectors.map(() => 'v128' as const)],
    body: [
      ...numbers.flatMap((name, place) => [...get(1 + place), ...SPLAT, ...set(local(name))]),
      ...LOOP,
      ...arrays.flatMap((name, place) => [...get(at), ...load(place * arrayBytes), ...set(local(name))]),
      ...assignments.flatMap(([name, expression]) => [...code(expression), ...set(local(name))]),
      ...assignments.flatMap(([name]) => [
        ...get(at),
        ...get(local(name)),
        ...store(arrays.indexOf(name) * arrayBytes),
      ]),
      ...advance,
      ...repeatBeforeEnd,
      END,
    ],
  };
}
