import { createReadStream } from 'node:fs';
import type { Asking, RemoteStore, Source } from './remote-store.ts';
import { tried } from './retried.ts';
import { type Answer, ask, refuse, type Sign } from './store-request.ts';

/** A store that is asked by GET, HEAD and PUT: nginx, Bazel's remote caches, S3. */
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
    const answer = await this.#found('GET', name, asking, from > 0 ? { range: `bytes=${from}-` } : {});
    if (answer === undefined) return undefined;
    // Not every server knows ranges.
    return answer.status === 206 || from === 0 ? answer.body() : skipped(answer.body(), from);
  }

  async size(name: string, asking: Asking): Promise<number | undefined> {
    const answer = await this.#found('HEAD', name, asking, {});
    await answer?.discard();
    const length = answer?.header('content-length');
    return length === undefined ? undefined : Number(length);
  }

  async put(name: string, source: Source, how: 'create' | 'replace', asking: Asking): Promise<void> {
    const isFile = !(source instanceof Uint8Array);
    const headers = {
      'content-length': String(isFile ? source.bytes : source.byteLength),
      'content-type': 'application/octet-stream',
      ...(how === 'create' && { 'if-none-match': '*' }),
      ...(isFile && { 'x-amz-content-sha256': source.sha256 }),
    };
    await tried(asking.signal, async () => {
      const request = { method: 'PUT', url: this.#url(name), headers } as const;
      const body = isFile ? createReadStream(source.file) : source;
      const answer = await ask(request, this.#sign, asking, body);
      // 412: there is one of this name already.
      if (!answer.isGood && answer.status !== 412) await refuse(answer);
      await answer.discard();
    });
  }

  /** A good answer; undefined where the store has none of this name. */
  async #found(
    method: 'GET' | 'HEAD',
    name: string,
    asking: Asking,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answer | undefined> {
    const answer = await ask({ method, url: this.#url(name), headers }, this.#sign, asking);
    if (answer.isGood) return answer;
    if (answer.status !== 404 && answer.status !== 416) return await refuse(answer);
    await answer.discard();
    return undefined;
  }

  #url(name: string): string {
    return `${this.#base}/${name}`;
  }
}

async function* skipped(body: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of body) {
    if (left < chunk.byteLength) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.byteLength);
  }
}
