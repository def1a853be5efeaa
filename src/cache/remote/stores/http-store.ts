import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Asking, RemoteStore, Source } from './remote-store.ts';

/** A request before it is sent. */
export interface StoreRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Adds to the headers of a request what proves who asks. */
export type Sign = (request: StoreRequest) => Promise<Readonly<Record<string, string>>>;

/**
 * A store that is asked by GET, HEAD and PUT: nginx, Bazel's remote caches, S3. Redirects are not followed: credentials would
 * go along.
 */
export class HttpStore implements RemoteStore {
  readonly address: string;
  readonly #base: string;
  readonly #sign: Sign;

  /** `base`: address below which the names are, without credentials. */
  constructor(base: string, sign: Sign, address = base) {
    this.#base = base.replace(/\/+$/, '');
    this.#sign = sign;
    this.address = address;
  }

  async get(name: string, from: number, asking: Asking): Promise<AsyncIterable<Uint8Array> | undefined> {
    const answer = await this.#ask('GET', name, asking, from > 0 ? { range: `bytes=${from}-` } : {});
    if (answer === undefined) return undefined;
    const body = (answer.body ?? []) as AsyncIterable<Uint8Array>;
    // Not every server knows ranges.
    return answer.status === 206 || from === 0 ? body : skipped(body, from);
  }

  async size(name: string, asking: Asking): Promise<number | undefined> {
    const answer = await this.#ask('HEAD', name, asking, {});
    const length = answer?.headers.get('content-length');
    return length == null ? undefined : Number(length);
  }

  async put(name: string, source: Source, asking: Asking): Promise<void> {
    const isFile = !(source instanceof Uint8Array);
    const headers = {
      'content-length': String(isFile ? (await stat(source.file)).size : source.byteLength),
      'content-type': 'application/octet-stream',
      'if-none-match': '*',
      ...(isFile && { 'x-amz-content-sha256': source.sha256 }),
    };
    const body = isFile ? Readable.toWeb(createReadStream(source.file)) : source;
    const answer = await this.#send('PUT', name, asking, headers, body as RequestInit['body']);
    await answer.body?.cancel();
    // 412: there is one of this name already.
    if (!answer.ok && answer.status !== 412) throw refusal(answer);
  }

  /** An answer with a body; undefined where the store has none of this name. */
  async #ask(
    method: 'GET' | 'HEAD',
    name: string,
    asking: Asking,
    headers: Readonly<Record<string, string>>,
  ): Promise<Response | undefined> {
    const answer = await this.#send(method, name, asking, headers);
    if (answer.ok) return answer;
    await answer.body?.cancel();
    if (answer.status === 404 || answer.status === 416) return undefined;
    throw refusal(answer);
  }

  async #send(
    method: StoreRequest['method'],
    name: string,
    { signal }: Asking,
    headers: Readonly<Record<string, string>>,
    body?: RequestInit['body'],
  ): Promise<Response> {
    const url = `${this.#base}/${name}`;
    const signed = await this.#sign({ method, url, headers });
    // Streams need `duplex`, which the types of Node 20 do not know.
    const options = {
      method,
      headers: signed,
      body,
      signal,
      redirect: 'manual',
      duplex: 'half',
    } as RequestInit;
    return await fetch(url, options);
  }
}

function refusal({ status, statusText }: Response): Error {
  return new Error(`the answer was ${`${status} ${statusText}`.trim()}`);
}

async function* skipped(body: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of body) {
    if (left < chunk.byteLength) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.byteLength);
  }
}
