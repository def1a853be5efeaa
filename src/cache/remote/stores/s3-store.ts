import { AwsV4Signer } from 'aws4fetch';
import { StageError } from '../../../contract/stage-context.ts';
import type { Environment } from '../../../contract/world.ts';
import { HttpStore, type Sign } from './http-store.ts';
import type { RemoteStore } from './remote-store.ts';

/** A bucket of S3, or of anything that speaks it: `s3://bucket/prefix`. Throws a StageError without credentials. */
export function s3Store(url: URL, environment: Environment): RemoteStore {
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
  return new HttpStore(bucket + url.pathname, sign, url.href);
}
