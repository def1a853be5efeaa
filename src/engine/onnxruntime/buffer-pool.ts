import type { ElementType, TensorData } from './binding.ts';

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/**
 * Keeps arrays that are no longer needed for later results of the same length: memory that the system has
 * already handed out is far faster than new memory. It never keeps more than the largest amount that was
 * wanted at once, and lets the oldest go first.
 */
export class BufferPool {
  /** Oldest first. */
  readonly #kept = new Set<TensorData>();
  #bytes = 0;
  #limit = 0;

  /** Tells that arrays of so many bytes together are about to be taken. */
  expect(bytes: number): void {
    this.#limit = Math.max(this.#limit, bytes);
  }

  /** An array with arbitrary contents. */
  take(type: ElementType, length: number): TensorData {
    const Kind = ARRAYS[type as keyof typeof ARRAYS];
    for (const data of this.#kept) {
      if (data.length === length && data instanceof Kind) {
        this.#remove(data);
        return data;
      }
    }
    return new Kind(length);
  }

  give(data: TensorData): void {
    this.#kept.add(data);
    this.#bytes += data.byteLength;
    for (const oldest of this.#kept) {
      if (this.#bytes <= this.#limit) return;
      this.#remove(oldest);
    }
  }

  #remove(data: TensorData): void {
    this.#kept.delete(data);
    this.#bytes -= data.byteLength;
  }
}
