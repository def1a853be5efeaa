import type { NativeSession } from './binding.ts';
import { createSession } from './binding.ts';
import { buildGraph } from './build-graph.ts';
import { intermediateBytes } from './intermediate-bytes.ts';
import { encodeModel } from './onnx-model.ts';
import type { Program } from './program.ts';
import { sizeOf } from './trace.ts';

/** A session keeps the memory of its intermediate results: for a whole large model more than a gigabyte. */
const MAX_BYTES = 2 ** 30;
/** However large they are: a step of training that alternates between two graphs shall not compile them anew. */
const MIN_SESSIONS = 2;
const MAX_SESSIONS = 64;
/** Below so many elements in and between all nodes, starting threads takes longer than computing. */
const MIN_ELEMENTS_FOR_THREADS = 2 ** 14;

interface Cached {
  readonly session: NativeSession;
  readonly bytes: number;
}

/** Sessions by the structure of the program, the least recently used going first. */
export class SessionCache {
  readonly #inPlace: boolean;
  /** Least recently used first. */
  readonly #sessions = new Map<string, Cached>();
  #bytes = 0;
  /** How many sessions were compiled. */
  compiled = 0;

  /** With `inPlace`, graphs get the output that keeps results from being copied. */
  constructor(inPlace: boolean) {
    this.#inPlace = inPlace;
  }

  /** The session of a program, compiled where there is none yet. Throws where the library refuses the graph. */
  get(program: Program): NativeSession {
    const cached = this.#sessions.get(program.structure) ?? this.#compile(program);
    this.#sessions.delete(program.structure);
    this.#sessions.set(program.structure, cached);
    return cached.session;
  }

  dispose(): void {
    for (const structure of this.#sessions.keys()) this.#remove(structure);
  }

  #compile(program: Program): Cached {
    const bytes = intermediateBytes(program);
    // Before, not after: the old sessions and the new one shall not even shortly exist together.
    for (const structure of this.#sessions.keys()) {
      const { size } = this.#sessions;
      if (size < MIN_SESSIONS || (size < MAX_SESSIONS && this.#bytes + bytes <= MAX_BYTES)) break;
      this.#remove(structure);
    }
    this.compiled++;
    const alone = elementsIn(program) < MIN_ELEMENTS_FOR_THREADS;
    const session = createSession(encodeModel(buildGraph(program, this.#inPlace)), { alone });
    this.#bytes += bytes;
    const cached = { session, bytes };
    this.#sessions.set(program.structure, cached);
    return cached;
  }

  #remove(structure: string): void {
    const { session, bytes } = this.#sessions.get(structure)!;
    this.#sessions.delete(structure);
    this.#bytes -= bytes;
    session.dispose();
  }
}

function elementsIn({ nodes, inputs }: Program): number {
  const values = [...inputs.map(({ value }) => value), ...nodes.flatMap((node) => node.outputs)];
  return values.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
