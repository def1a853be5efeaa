import type { NativeSession } from '../binding.ts';
import { createSession } from '../binding.ts';
import { buildGraph } from './build-graph.ts';
import { encodeModel } from './onnx-model.ts';
import type { Program } from './program.ts';
import { sizeOf } from './trace.ts';

const MAX_SESSIONS = 64;
/** With fewer elements in and between all nodes, starting threads takes longer than computing. */
const MIN_ELEMENTS_FOR_THREADS = 2 ** 14;

/** Sessions by the structure of the program, the least recently used going first. */
export class SessionCache {
  readonly #inPlace: boolean;
  /** Least recently used first. */
  readonly #sessions = new Map<string, NativeSession>();
  /** How many sessions were compiled. */
  compiled = 0;

  /** With `inPlace`, graphs get the output that keeps results from being copied. */
  constructor(inPlace: boolean) {
    this.#inPlace = inPlace;
  }

  /** The session of a program, compiled if there is none yet. Throws if the library refuses the graph. */
  get(program: Program): NativeSession {
    const session = this.#sessions.get(program.structure) ?? this.#compile(program);
    this.#sessions.delete(program.structure);
    this.#sessions.set(program.structure, session);
    return session;
  }

  dispose(): void {
    for (const structure of this.#sessions.keys()) this.#remove(structure);
  }

  #compile(program: Program): NativeSession {
    const [oldest] = this.#sessions.keys();
    if (oldest !== undefined && this.#sessions.size >= MAX_SESSIONS) this.#remove(oldest);
    this.compiled++;
    const alone = elementsIn(program) < MIN_ELEMENTS_FOR_THREADS;
    const session = createSession(encodeModel(buildGraph(program, this.#inPlace)), { alone });
    this.#sessions.set(program.structure, session);
    return session;
  }

  #remove(structure: string): void {
    this.#sessions.get(structure)!.dispose();
    this.#sessions.delete(structure);
  }
}

function elementsIn({ nodes, inputs }: Program): number {
  const values = [...inputs.map(({ value }) => value), ...nodes.flatMap((node) => node.outputs)];
  return values.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
