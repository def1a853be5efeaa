/** How a question to a store ends early. */
export interface Asking {
  readonly signal: AbortSignal;
  /** Called with the number of bytes of a source as they leave. */
  readonly onSent?: (bytes: number) => void;
}

/** What is to be stored: a file with its size and the SHA-256 of its bytes, or bytes. */
export type Source =
  | { readonly file: string; readonly bytes: number; readonly sha256: string }
  | Uint8Array<ArrayBuffer>;

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
  /** Stores bytes under a name. `create`: what is there already stays; `replace`: it goes, most likely because it is damaged. */
  put(name: string, source: Source, how: 'create' | 'replace', asking: Asking): Promise<void>;
}
