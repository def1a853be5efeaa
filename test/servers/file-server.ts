import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join, normalize } from 'node:path';
import { closeServer, listen } from './listen.ts';

/** What the server does wrong with one request. */
export interface Fault {
  /** Answers with this status instead of the file. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends so many bytes of the body, then breaks the connection, but not before `breakWhen` resolves. */
  readonly breakAfter?: number;
  /** What the client should have done by then: bytes on their way are lost when the connection breaks. */
  readonly breakWhen?: () => Promise<unknown>;
  /** Sends so many bytes of the body, then nothing more. */
  readonly stallAfter?: number;
  /** Sends the whole file whatever range is asked for. */
  readonly ignoreRange?: boolean;
}

interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

export interface FileServer {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  /** The next requests meet these faults, one each; later ones none. */
  failNext(...faults: readonly Fault[]): void;
  /** Whether answers name a version of the file (ETag); they do unless told otherwise. */
  etags: boolean;
  close(): Promise<void>;
}

/**
 * Serves files over HTTP with Range, If-Range and ETag (RFC 9110). `files`: a directory, or path -> content,
 * which may be changed while the server runs.
 */
export async function startFileServer(files: string | Map<string, Uint8Array | string>): Promise<FileServer> {
  const requests: SeenRequest[] = [];
  const faults: Fault[] = [];
  const state = { etags: true };
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname).slice(1);
    requests.push({ method: request.method ?? '', path, headers: request.headers });
    serve(readContent(files, path), request, response, faults.shift() ?? {}, state.etags);
  });
  const url = await listen(server);
  return {
    url,
    requests,
    failNext: (...next) => {
      faults.push(...next);
    },
    get etags() {
      return state.etags;
    },
    set etags(value) {
      state.etags = value;
    },
    close: () => closeServer(server),
  };
}

function readContent(files: string | Map<string, Uint8Array | string>, path: string): Buffer | undefined {
  if (typeof files !== 'string') {
    const content = files.get(path);
    return content === undefined ? undefined : Buffer.from(content as string);
  }
  const file = join(files, normalize(`/${path}`));
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file) : undefined;
}

function serve(
  content: Buffer | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault,
  etags: boolean,
): void {
  if (fault.status !== undefined || content === undefined) {
    response.writeHead(fault.status ?? 404, fault.headers).end('an error page');
    return;
  }
  const etag = `"${createHash('sha256').update(content).digest('hex').slice(0, 16)}"`;
  const start = fault.ignoreRange ? 0 : rangeStart(request, etag);
  if (start >= content.length && start > 0) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  const body = content.subarray(start);
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': body.length,
    'accept-ranges': 'bytes',
    ...(etags ? { etag } : {}),
    ...(start > 0 ? { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` } : {}),
    ...fault.headers,
  });
  if (request.method === 'HEAD') response.end();
  else if (fault.breakAfter !== undefined) {
    response.write(body.subarray(0, fault.breakAfter), async () => {
      await fault.breakWhen?.();
      response.socket?.destroySoon();
    });
  } else if (fault.stallAfter !== undefined) response.write(body.subarray(0, fault.stallAfter));
  else response.end(body);
}

function rangeStart(request: IncomingMessage, etag: string): number {
  const start = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  const condition = request.headers['if-range'];
  return start === undefined || (condition !== undefined && condition !== etag) ? 0 : Number(start);
}
