/** How a question to a store ends early. */
export interface Asking {
  readonly signal: AbortSignal;
}

/** What is to be stored: a file with the SHA-256 of its bytes, or bytes. */
export type Source = { readonly file: string; readonly sha256: string } | Uint8Array;

/**
 * A place elsewhere that holds byte strings by name, and vouches for nothing: whoever reads from it checks what it gives. Every
 * method throws an Error where the store cannot be asked, or says no.
 */
export interface RemoteStore {
  /** For messages; holds no credentials. */
  readonly address: string;
  /** The bytes of a name, from an offset on; undefined where there is none. */
  get(name: string, from: number, asking: Asking): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Bytes that a name has; undefined where there is none. */
  size(name: string, asking: Asking): Promise<number | undefined>;
  /** Stores bytes under a name. What is there already may stay. */
  put(name: string, source: Source, asking: Asking): Promise<void>;
}
