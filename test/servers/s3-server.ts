import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { closeServer, listen } from './listen.ts';

interface Upload {
  readonly key: string;
  readonly initiated: Date;
  readonly parts: Map<number, Buffer>;
}

const digest = (name: string, bytes: Buffer) => createHash(name).update(bytes).digest();
const etagOf = (bytes: Buffer) => `"${digest('md5', bytes).toString('hex')}"`;

/**
 * A server that keeps objects as S3 does, uploads in parts included: it checks digests that are sent, lists what has begun, and
 * forgets an upload that is complete. Keys are `bucket/name`.
 */
export class S3Server {
  readonly objects = new Map<string, Buffer>();
  readonly uploads = new Map<string, Upload>();
  /** Answers a request in place of the server, where it returns true. */
  instead: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  url = '';

  static async start(): Promise<S3Server> {
    const server = new S3Server();
    server.url = await listen(server.#server);
    return server;
  }

  close(): Promise<void> {
    return closeServer(this.#server);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.instead(request, response)) return;
    const { pathname, searchParams } = new URL(request.url!, this.url);
    const key = decodeURIComponent(pathname.slice(1));
    const body = await buffer(request).catch(() => undefined);
    if (body === undefined) return; // the client has gone
    const refused = wrongDigest(request, body);
    const id = searchParams.get('uploadId');
    const upload = this.uploads.get(id ?? '');
    if (refused !== undefined) error(response, 400, refused);
    else if (searchParams.has('uploads') && request.method === 'POST') this.#begin(response, key);
    else if (searchParams.has('uploads')) this.#list(response, `${key}/${searchParams.get('prefix')}`);
    else if (id === null) this.#object(request, response, key, body);
    else if (upload?.key !== key) error(response, 404, 'NoSuchUpload');
    else if (request.method === 'PUT') {
      upload.parts.set(Number(searchParams.get('partNumber')), body);
      response.writeHead(200, { etag: etagOf(body) }).end();
    } else if (request.method === 'GET') listParts(response, upload);
    else {
      this.uploads.delete(id);
      if (request.method === 'POST') this.#complete(response, upload, body.toString());
      else response.writeHead(204).end();
    }
  }

  #object(request: IncomingMessage, response: ServerResponse, key: string, body: Buffer): void {
    const bytes = this.objects.get(key);
    if (request.method === 'PUT') {
      if (bytes !== undefined && request.headers['if-none-match'] === '*')
        error(response, 412, 'PreconditionFailed');
      else {
        this.objects.set(key, body);
        response.writeHead(200).end();
      }
    } else if (bytes === undefined) error(response, 404, 'NoSuchKey');
    else {
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const rest = bytes.subarray(from);
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length });
      response.end(request.method === 'GET' ? rest : undefined);
    }
  }

  #begin(response: ServerResponse, key: string): void {
    const id = `id&${this.uploads.size}`; // what must be escaped, in XML and in an address
    this.uploads.set(id, { key, initiated: new Date(), parts: new Map() });
    xml(response, `<R><UploadId>${escaped(id)}</UploadId></R>`);
  }

  #list(response: ServerResponse, prefix: string): void {
    const uploads = [...this.uploads].filter(([, { key }]) => key.startsWith(prefix));
    const text = uploads.map(
      ([id, { key, initiated }]) =>
        `<Upload><Key>${key.replace(/^[^/]+\//, '')}</Key><UploadId>${escaped(id)}</UploadId><Initiated>${initiated.toISOString()}</Initiated></Upload>`,
    );
    xml(response, `<R>${text.join('')}</R>`);
  }

  #complete(response: ServerResponse, { key, parts }: Upload, text: string): void {
    const wanted = [...text.matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>("\w+")<\/ETag>/g)];
    const chosen = wanted.map(([, number, etag]) => {
      const bytes = parts.get(Number(number));
      return bytes !== undefined && etagOf(bytes) === etag ? bytes : undefined;
    });
    const isSmall = chosen.slice(0, -1).some((part) => (part?.length ?? 0) < 5 * 1024 * 1024);
    if (chosen.includes(undefined) || isSmall)
      xml(response, '<Error><Code>InvalidPart</Code></Error>'); // 200, as S3 may
    else {
      this.objects.set(key, Buffer.concat(chosen as Buffer[]));
      xml(response, '<R/>');
    }
  }
}

function listParts(response: ServerResponse, { parts }: Upload): void {
  const text = [...parts].map(
    ([number, bytes]) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>${escaped(etagOf(bytes))}</ETag><Size>${bytes.length}</Size></Part>`,
  );
  xml(response, `<R><IsTruncated>false</IsTruncated>${text.join('')}</R>`);
}

function wrongDigest({ headers }: IncomingMessage, body: Buffer): string | undefined {
  const [sha256, md5] = [headers['x-amz-content-sha256'], headers['content-md5']];
  if (headers.authorization === undefined) return 'AccessDenied';
  if (sha256 !== 'UNSIGNED-PAYLOAD' && sha256 !== digest('sha256', body).toString('hex'))
    return 'XAmzContentSHA256Mismatch';
  return md5 !== undefined && md5 !== digest('md5', body).toString('base64') ? 'BadDigest' : undefined;
}

function error(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);
}

function xml(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?>\n${text}`);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
}
