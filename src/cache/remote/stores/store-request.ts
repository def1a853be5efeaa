import { STATUS_CODES } from 'node:http';
import { Readable } from 'node:stream';
import { explainNetworkError } from '../../../network/network-error.ts';
import { proxyDispatcher, proxyIsSet } from '../../../network/proxy.ts';
import { streamedRequest } from '../../../network/streamed-request.ts';
import { readAll } from '../read-all.ts';
import type { Asking } from './remote-store.ts';
import { textOf } from './xml-elements.ts';

/** On a slow line more at once would look like silence. */
const SLICE_BYTES = 64 * 1024;

const MOST_REFUSAL_BYTES = 64 * 1024;

/** A request before it is sent. */
export interface StoreRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Adds to the headers of a request what proves who asks. */
export type Sign = (request: StoreRequest) => Promise<Readonly<Record<string, string>>>;

/** The body of a request; what it gives counts as sent. */
export type Body = AsyncIterable<Uint8Array> | Uint8Array | undefined;

/** What a store answers. */
export interface Answer {
  readonly status: number;
  readonly isGood: boolean;
  header(name: string): string | undefined;
  /** As it is sent: nothing unpacks it. */
  body(): AsyncIterable<Uint8Array>;
  /** Lets the connection go. */
  discard(): Promise<void>;
}

/** A store that answered, and said no. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, words = '') {
    const said = words === '' ? '' : `: ${words}`;
    super(`the answer was ${`${status} ${STATUS_CODES[status] ?? ''}`.trim()}${said}`);
    this.status = status;
  }

  /** The same question may be answered at another time. */
  get isPassing(): boolean {
    if (this.status >= 500) return this.status !== 501 && this.status !== 507;
    return this.status === 409 || this.status === 429; // 409: another one writes it at this moment
  }
}

/** Ends with the refusal that an answer is; S3 says why in a code. */
export async function refuse(answer: Answer): Promise<never> {
  const text = await readAll(answer.body(), MOST_REFUSAL_BYTES).catch(() => '');
  throw new Refusal(answer.status, textOf(text, 'Code'));
}

/**
 * Asks a store, through the proxy of the environment. Redirects are not followed: credentials would go along. Throws an Error in
 * words where the store cannot be reached.
 */
export async function ask(
  request: StoreRequest,
  sign: Sign,
  { signal, onSent }: Asking,
  body?: Body,
): Promise<Answer> {
  const { method, url } = request;
  const headers = await sign(request);
  const dispatcher = await proxyDispatcher();
  try {
    const answer = await streamedRequest(url, {
      ...{ method, headers, signal },
      ...{ bodyTimeout: 0, headersTimeout: 0 }, // the signal ends what is silent
      ...(body !== undefined && { body: Readable.from(counted(body, onSent), { objectMode: false }) }),
      ...(dispatcher && { dispatcher }),
    });
    return {
      status: answer.statusCode,
      isGood: answer.statusCode >= 200 && answer.statusCode < 300,
      header: (name) => [answer.headers[name] ?? []].flat()[0],
      body: () => chunksOf(answer.body, url, signal),
      discard: () => answer.body.dump({ limit: 64 * 1024 }),
    };
  } catch (error) {
    throw failure(error, url, signal);
  }
}

async function* chunksOf(body: Readable, url: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw failure(error, url, signal);
  }
}

function failure(error: unknown, url: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  const { host } = new URL(url);
  const { message } = explainNetworkError(error, proxyIsSet() ? `${host} (a proxy is set)` : host);
  return new Error(message, { cause: error });
}

/** What the connection takes of a body is sent, more or less: the buffers behind it are small. */
async function* counted(body: NonNullable<Body>, onSent: Asking['onSent']): AsyncGenerator<Uint8Array> {
  for await (const chunk of body instanceof Uint8Array ? slices(body) : body) {
    yield chunk;
    onSent?.(chunk.byteLength);
  }
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.byteLength; from += SLICE_BYTES)
    yield bytes.subarray(from, from + SLICE_BYTES);
}
