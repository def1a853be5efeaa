import { createHash } from 'node:crypto';
import { readAll } from '../read-all.ts';
import type { Asking } from './remote-store.ts';
import {
  type Answer,
  ask,
  type Body,
  Refusal,
  refuse,
  type Sign,
  type StoreRequest,
} from './store-request.ts';
import { elementsOf, textOf } from './xml-elements.ts';

const MOST_ANSWER_BYTES = 4 * 1024 * 1024;

/** An upload in parts that somebody has begun. */
export interface BegunUpload {
  readonly key: string;
  readonly id: string;
  /** Milliseconds before the store's answer. */
  readonly age: number;
}

/** A part that has arrived. */
export interface ArrivedPart {
  readonly bytes: number;
  readonly etag: string;
}

/** The requests of S3 for uploads in parts. Each method throws an Error where the store says no. */
export class PartUploads {
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #sign: Sign;

  /** `bucket`: its address. `prefix`: what keys begin with, before the names. */
  constructor(bucket: string, prefix: string, sign: Sign) {
    this.#bucket = bucket;
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.#sign = sign;
  }

  /** The uploads that have begun of names with a beginning, the newest first; at most 1,000 are looked at. */
  async begun(beginning: string, asking: Asking): Promise<readonly BegunUpload[]> {
    const query = `uploads=&prefix=${encodeURIComponent(this.#prefix + beginning)}`;
    const answer = await this.#ask('GET', `${this.#bucket}?${query}`, asking);
    const now = Date.parse(answer.header('date') ?? '');
    return elementsOf(await this.#text(answer), 'Upload')
      .map((upload) => ({
        key: textOf(upload, 'Key') ?? '',
        id: textOf(upload, 'UploadId') ?? '',
        age: now - Date.parse(textOf(upload, 'Initiated') ?? ''),
      }))
      .filter(({ key, id }) => id !== '' && key.startsWith(this.#prefix + beginning))
      .sort((a, b) => a.age - b.age);
  }

  /** Begins an upload. Returns its id. */
  async begin(name: string, asking: Asking): Promise<BegunUpload> {
    const key = this.#prefix + name;
    const answer = await this.#ask('POST', `${this.#at(key)}?uploads=`, asking, {
      'content-type': 'application/octet-stream',
    });
    const id = textOf(await this.#text(answer), 'UploadId');
    if (!id) throw new Error('the store gave no id for an upload in parts');
    return { key, id, age: 0 };
  }

  /** The parts of an upload that have arrived, by number. */
  async arrived({ key, id }: BegunUpload, asking: Asking): Promise<ReadonlyMap<number, ArrivedPart>> {
    const parts = new Map<number, ArrivedPart>();
    for (let marker = '0'; ; ) {
      const query = `part-number-marker=${marker}&uploadId=${encodeURIComponent(id)}`;
      const text = await this.#text(await this.#ask('GET', `${this.#at(key)}?${query}`, asking));
      for (const part of elementsOf(text, 'Part')) {
        const etag = (textOf(part, 'ETag') ?? '').replaceAll('"', '');
        parts.set(Number(textOf(part, 'PartNumber')), { bytes: Number(textOf(part, 'Size')), etag });
      }
      const next = textOf(text, 'NextPartNumberMarker');
      if (textOf(text, 'IsTruncated') !== 'true' || !next || !(Number(next) > Number(marker))) return parts;
      marker = next;
    }
  }

  /** Sends a part, which the store checks. Returns the store's ETag of it. */
  async send(
    { key, id }: BegunUpload,
    number: number,
    bytes: Buffer<ArrayBuffer>,
    asking: Asking,
  ): Promise<string> {
    const query = `partNumber=${number}&uploadId=${encodeURIComponent(id)}`;
    const headers = {
      'content-length': String(bytes.byteLength),
      'content-md5': createHash('md5').update(bytes).digest('base64'),
      'x-amz-content-sha256': createHash('sha256').update(bytes).digest('hex'),
    };
    const answer = await this.#ask('PUT', `${this.#at(key)}?${query}`, asking, headers, bytes);
    await answer.discard();
    return (answer.header('etag') ?? '').replaceAll('"', '');
  }

  /** Makes one object of the parts; `etags` in their order. */
  async complete({ key, id }: BegunUpload, etags: readonly string[], asking: Asking): Promise<void> {
    const parts = etags.map(
      (etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>"${etag}"</ETag></Part>`,
    );
    const body = Buffer.from(
      `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join('')}</CompleteMultipartUpload>`,
    );
    const headers = {
      'content-length': String(body.byteLength),
      'content-type': 'application/xml',
      'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
    };
    const url = `${this.#at(key)}?uploadId=${encodeURIComponent(id)}`;
    const answer = await this.#ask('POST', url, asking, headers, body);
    // It begins with 200 and may end as an error.
    const text = await this.#text(answer);
    if (elementsOf(text, 'Error').length > 0) throw new Refusal(500, textOf(text, 'Code') ?? '');
  }

  /** Forgets an upload and its parts. */
  async abort({ key, id }: BegunUpload, asking: Asking): Promise<void> {
    const url = `${this.#at(key)}?uploadId=${encodeURIComponent(id)}`;
    await (await this.#ask('DELETE', url, asking)).discard();
  }

  #at(key: string): string {
    return `${this.#bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
  }

  async #ask(
    method: StoreRequest['method'],
    url: string,
    asking: Asking,
    headers: StoreRequest['headers'] = {},
    body?: Body,
  ): Promise<Answer> {
    const answer = await ask({ method, url, headers }, this.#sign, asking, body);
    return answer.isGood ? answer : await refuse(answer);
  }

  async #text(answer: Answer): Promise<string> {
    return await readAll(answer.body(), MOST_ANSWER_BYTES);
  }
}
