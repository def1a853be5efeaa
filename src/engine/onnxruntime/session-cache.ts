import type { NativeSession } from './binding.ts';
import { createSession } from './binding.ts';
import { buildGraph } from './build-graph.ts';
import { encodeModel } from './onnx-model.ts';
import type { Program } from './program.ts';
import { sizeOf } from './trace.ts';

/** A session keeps the memory of its intermediate results: for a large model more than a gigabyte. */
const LARGE_BYTES = 32 * 2 ** 20;
const MAX_LARGE = 2;
const MAX_SMALL = 64;
/** Below so many elements in and between all nodes, starting threads takes longer than computing. */
const MIN_ELEMENTS_FOR_THREADS = 2 ** 14;

/** Sessions by the structure of the program, the least recently used going first. */
export class SessionCache {
  readonly #inPlace: boolean;
  readonly #small = new Map<string, NativeSession>();
  readonly #large = new Map<string, NativeSession>();
  /** How many sessions were compiled. */
  compiled = 0;

  /** With `inPlace`, graphs get the output that keeps results from being copied. */
  constructor(inPlace: boolean) {
    this.#inPlace = inPlace;
  }

  /** The session of a program, compiled where there is none yet. Throws where the library refuses the graph. */
  get(program: Program): NativeSession {
    const large = intermediateBytes(program) > LARGE_BYTES;
    const sessions = large ? this.#large : this.#small;
    const existing = sessions.get(program.structure);
    const session = existing ?? this.#compile(program, sessions, large ? MAX_LARGE : MAX_SMALL);
    sessions.delete(program.structure);
    sessions.set(program.structure, session); // now the most recently used
    return session;
  }

  dispose(): void {
    for (const session of [...this.#small.values(), ...this.#large.values()]) session.dispose();
    this.#small.clear();
    this.#large.clear();
  }

  #compile(program: Program, sessions: Map<string, NativeSession>, limit: number): NativeSession {
    // Before, not after: the memory of three sessions shall not even shortly exist together.
    for (const [structure, session] of sessions) {
      if (sessions.size < limit) break;
      session.dispose();
      sessions.delete(structure);
    }
    this.compiled++;
    const alone = elementsIn(program) < MIN_ELEMENTS_FOR_THREADS;
    return createSession(encodeModel(buildGraph(program, this.#inPlace)), { alone });
  }
}

/** An upper bound of what a session keeps between runs. */
function intermediateBytes({ nodes, outputs }: Program): number {
  const finals = new Set(outputs);
  let bytes = 0;
  for (const node of nodes) {
    for (const value of node.outputs) if (!finals.has(value)) bytes += 4 * sizeOf(value.shape);
  }
  return bytes;
}

function elementsIn({ nodes, inputs }: Program): number {
  const values = [...inputs.map(({ value }) => value), ...nodes.flatMap((node) => node.outputs)];
  return values.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
