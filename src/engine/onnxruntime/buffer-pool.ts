import type { ElementType, TensorData } from './binding.ts';

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/** Arrays begin at multiples of a cache line. */
const LINE_BYTES = 64;
/** Slabs are as large as all before them together, within these bounds: a system gives memory only where it is written. */
const SLAB_BYTES = { least: 2 ** 22, most: 2 ** 28 } as const;

/** A piece of a slab, in bytes. */
interface Piece {
  readonly start: number;
  readonly end: number;
}

interface Slab {
  readonly memory: ArrayBuffer;
  /** In the order of their places; no two of them touch. */
  free: readonly Piece[];
}

/**
 * Where results are. Arrays are cut out of a few large slabs, and what is given back serves later arrays of any length:
 * what a training step needs on its way forward is where its gradients will be, and batches of different sizes
 * share the memory of the largest. Besides, memory that the system has already handed out is far faster than new memory,
 * and JavaScript's garbage collector, which runs whenever large arrays come and go, has nothing to do.
 *
 * An array comes from the smallest piece that is free and long enough (Knuth, The Art of Computer Programming, 2.5, "best
 * fit"), so that short ones do not break long pieces up.
 */
export class BufferPool {
  readonly #slabs: Slab[] = [];
  readonly #places = new WeakMap<TensorData, { readonly slab: Slab; readonly piece: Piece }>();

  /** The length of all slabs. */
  get bytes(): number {
    return this.#slabs.reduce((sum, { memory }) => sum + memory.byteLength, 0);
  }

  /** An array with arbitrary contents. Throws if the system has no more memory. */
  take(type: ElementType, length: number): TensorData {
    const Kind = ARRAYS[type as keyof typeof ARRAYS];
    const bytes = Math.ceil((length * Kind.BYTES_PER_ELEMENT) / LINE_BYTES) * LINE_BYTES;
    const { slab, piece } = this.#smallestFree(bytes) ?? this.#newSlab(bytes);
    const used = { start: piece.start, end: piece.start + bytes };
    const rest = { start: used.end, end: piece.end };
    slab.free = slab.free.flatMap((free) => (free !== piece ? [free] : rest.start < rest.end ? [rest] : []));
    const array = new Kind(slab.memory, used.start, length);
    this.#places.set(array, { slab, piece: used });
    return array;
  }

  /** Takes an array back. One that did not come from here is left alone. */
  give(array: TensorData): void {
    const place = this.#places.get(array);
    if (place === undefined) return;
    this.#places.delete(array);
    const { slab, piece } = place;
    const before = slab.free.filter(({ end }) => end < piece.start);
    const after = slab.free.filter(({ start }) => start > piece.end);
    const touching = slab.free.slice(before.length, slab.free.length - after.length);
    const start = Math.min(piece.start, ...touching.map((free) => free.start));
    const end = Math.max(piece.end, ...touching.map((free) => free.end));
    slab.free = [...before, { start, end }, ...after];
  }

  #smallestFree(bytes: number): { slab: Slab; piece: Piece } | undefined {
    let best: { slab: Slab; piece: Piece } | undefined;
    for (const slab of this.#slabs) {
      for (const piece of slab.free) {
        const length = piece.end - piece.start;
        if (length >= bytes && (best === undefined || length < best.piece.end - best.piece.start))
          best = { slab, piece };
      }
    }
    return best;
  }

  #newSlab(bytes: number): { slab: Slab; piece: Piece } {
    const length = Math.max(bytes, Math.min(Math.max(this.bytes, SLAB_BYTES.least), SLAB_BYTES.most));
    const piece = { start: 0, end: length };
    const slab = { memory: new ArrayBuffer(length), free: [piece] };
    this.#slabs.push(slab);
    return { slab, piece };
  }
}
