import type { ElementType, TensorData } from './binding.ts';

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/**
 * Keeps arrays that are no longer needed for later results of the same length: memory that the system has
 * already handed out is far faster than new memory. What it keeps and what is in use never exceed together
 * what was once in use at the same time; the oldest array goes first.
 */
export class BufferPool {
  /** Oldest first. */
  readonly #kept = new Set<TensorData>();
  #keptBytes = 0;
  #usedBytes = 0;
  #mostUsedBytes = 0;

  /** An array with arbitrary contents. */
  take(type: ElementType, length: number): TensorData {
    const Kind = ARRAYS[type as keyof typeof ARRAYS];
    for (const data of this.#kept) {
      if (data.length !== length || !(data instanceof Kind)) continue;
      this.#forget(data);
      this.adopt(data);
      return data;
    }
    const fresh = new Kind(length);
    this.adopt(fresh);
    return fresh;
  }

  /** Counts an array that was made elsewhere as one in use. */
  adopt(data: TensorData): void {
    this.#usedBytes += data.byteLength;
    this.#mostUsedBytes = Math.max(this.#mostUsedBytes, this.#usedBytes);
    this.#shrink();
  }

  /** Takes an array back. */
  give(data: TensorData): void {
    this.#usedBytes -= data.byteLength;
    this.#kept.add(data);
    this.#keptBytes += data.byteLength;
    this.#shrink();
  }

  #shrink(): void {
    for (const oldest of this.#kept) {
      if (this.#keptBytes + this.#usedBytes <= this.#mostUsedBytes) return;
      this.#forget(oldest);
    }
  }

  #forget(data: TensorData): void {
    this.#kept.delete(data);
    this.#keptBytes -= data.byteLength;
  }
}
