import { AwsV4Signer } from 'aws4fetch';
import { StageError } from '../../../contract/stage-context.ts';
import type { Environment } from '../../../contract/world.ts';
import { HttpStore } from './http-store.ts';
import { PartUploads } from './part-uploads.ts';
import type { Asking, RemoteStore, Source } from './remote-store.ts';
import type { Sign } from './store-request.ts';
import { abortStale, uploadInParts } from './upload-in-parts.ts';

/** A larger file goes in parts, of which those that arrived need not be sent again. */
const IN_PARTS_BYTES = 16 * 1024 * 1024;

/** A bucket of S3, or of anything that speaks it: `s3://bucket/prefix`. */
export class S3Store implements RemoteStore {
  readonly address: string;
  readonly #objects: HttpStore;
  readonly #parts: PartUploads;
  #staleAborted = false;

  /** Throws a StageError without credentials. */
  constructor(url: URL, environment: Environment) {
    const { bucket, sign } = bucketAt(url, environment);
    const path = url.pathname.replace(/\/+$/, '');
    this.address = url.href;
    this.#objects = new HttpStore(bucket + path, sign, url.href);
    this.#parts = new PartUploads(bucket, decodeURIComponent(path.slice(1)), sign);
  }

  get(name: string, from: number, asking: Asking): Promise<AsyncIterable<Uint8Array> | undefined> {
    return this.#objects.get(name, from, asking);
  }

  size(name: string, asking: Asking): Promise<number | undefined> {
    return this.#objects.size(name, asking);
  }

  async put(name: string, source: Source, how: 'create' | 'replace', asking: Asking): Promise<void> {
    if (source instanceof Uint8Array || source.bytes <= IN_PARTS_BYTES)
      return await this.#objects.put(name, source, how, asking);
    const isThere = async () => (await this.size(name, asking)) === source.bytes;
    await uploadInParts(this.#parts, name, source, isThere, asking);
    if (!(await isThere())) throw new Error('an object that was uploaded in parts is not there as a whole');
    if (this.#staleAborted) return;
    this.#staleAborted = true;
    await abortStale(this.#parts, asking);
  }
}

function bucketAt(url: URL, environment: Environment): { readonly bucket: string; readonly sign: Sign } {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  if (!accessKeyId || !secretAccessKey) {
    throw new StageError(`there are no credentials for ${url.href}`, {
      hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    });
  }
  const region = environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? 'us-east-1';
  const endpoint = environment.AWS_ENDPOINT_URL_S3 ?? environment.AWS_ENDPOINT_URL;
  const bucket = endpoint
    ? `${endpoint.replace(/\/+$/, '')}/${url.host}`
    : `https://${url.host}.s3.${region}.amazonaws.com`;
  const credentials = {
    accessKeyId,
    secretAccessKey,
    ...(environment.AWS_SESSION_TOKEN && { sessionToken: environment.AWS_SESSION_TOKEN }),
  };
  const sign: Sign = async ({ method, url, headers }) => {
    const signer = new AwsV4Signer({ ...credentials, method, url, headers, service: 's3', region });
    const signed = await signer.sign();
    return Object.fromEntries(signed.headers);
  };
  return { bucket, sign };
}
