import { createServer, type IncomingMessage, request as send } from 'node:http';
import { closeServer, listen } from './listen.ts';

/** A proxy that forwards what is not encrypted, and notes what it was asked for. */
export class ForwardProxy {
  /** `METHOD path?query`, and the range that was asked for. */
  readonly requests: string[] = [];
  /** Called before a request is forwarded; it waits for what this gives. */
  before: (request: IncomingMessage) => Promise<void> | undefined = () => undefined;
  /** Called with the number of bytes of an answer so far; it waits for what this gives. */
  during: (request: IncomingMessage, bytes: number) => Promise<void> | undefined = () => undefined;
  url = '';
  readonly #server = createServer(async (request, response) => {
    const url = new URL(request.url!);
    const range = request.headers.range === undefined ? '' : ` ${request.headers.range}`;
    this.requests.push(`${request.method} ${url.pathname}${url.search}${range}`);
    await this.before(request);
    const { method, headers } = request;
    const forwarded = send(url, { method: method!, headers }, async (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      let bytes = 0;
      for await (const chunk of answer) {
        response.write(chunk);
        bytes += chunk.length;
        await this.during(request, bytes);
      }
      response.end();
    });
    forwarded.on('error', () => response.destroy());
    request.on('error', () => forwarded.destroy()).pipe(forwarded);
  });

  static async start(): Promise<ForwardProxy> {
    const proxy = new ForwardProxy();
    proxy.url = await listen(proxy.#server);
    return proxy;
  }

  close(): Promise<void> {
    return closeServer(this.#server);
  }
}
