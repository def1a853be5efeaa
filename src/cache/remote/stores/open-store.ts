import { fileURLToPath } from 'node:url';
import { StageError } from '../../../contract/stage-context.ts';
import type { Environment } from '../../../contract/world.ts';
import { FolderStore } from './folder-store.ts';
import { HttpStore } from './http-store.ts';
import type { RemoteStore } from './remote-store.ts';
import { S3Store } from './s3-store.ts';
import type { Sign } from './store-request.ts';

const FORMS = 's3://BUCKET/PREFIX, https://HOST/PATH or file:///FOLDER';

/**
 * The store at an address. Credentials come from the environment, never from the address: AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION and AWS_ENDPOINT_URL_S3 (or AWS_ENDPOINT_URL) for s3,
 * PIPE_REMOTE_TOKEN (a bearer token) for https. Throws a StageError for an address that is none.
 */
export function openStore(address: string, environment: Environment): RemoteStore {
  if (!URL.canParse(address))
    throw new StageError(`the remote cache \`${address}\` is no address`, { hint: `Write ${FORMS}.` });
  const url = new URL(address);
  if (url.username !== '' || url.password !== '')
    throw new StageError('the address of the remote cache holds a password', {
      hint: 'Pass it in a variable instead.',
    });
  switch (url.protocol) {
    case 'file:':
      return new FolderStore(fileURLToPath(url));
    case 'http:':
    case 'https:':
      return new HttpStore(address, bearer(environment.PIPE_REMOTE_TOKEN));
    case 's3:':
      return new S3Store(url, environment);
    default:
      throw new StageError(`the remote cache \`${address}\` is of an unknown kind`, {
        hint: `Write ${FORMS}.`,
      });
  }
}

function bearer(token: string | undefined): Sign {
  return async ({ headers }) => (token ? { ...headers, authorization: `Bearer ${token}` } : headers);
}
