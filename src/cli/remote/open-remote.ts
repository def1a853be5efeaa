import { dirname, join, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { OnCacheProblem } from '../../cache/cache-problem.ts';
import type { RemoteCache as Cache } from '../../cache/remote/remote-cache.ts';
import type { OpenRemote } from '../../runner/workspace.ts';
import { projectRoot } from '../open/project-root.ts';
import { UserError } from '../user-error.ts';
import { type RemoteVerbOptions, remoteAddress } from './remote-options.ts';

const WITHOUT_KEYS =
  'this project believes no key, and there is none to sign with (pipe trust create, pipe trust add NAME KEY)';

/**
 * The remote cache that a verb was asked to use, or that PIPE_REMOTE names; undefined for none. Records are believed of the keys in
 * the project's trust file, and uploads signed with this user's key. It is one for the whole command, however often it is opened: a store
 * that cannot be used is not tried again, and that is said once, to whoever has opened it last. Throws a UserError or a StageError for settings that are wrong.
 */
export async function remoteOf(
  file: string | undefined,
  { remote, upload = true }: RemoteVerbOptions,
  environment = process.env,
): Promise<OpenRemote | undefined> {
  const address = remote ?? checkedVariable(environment.PIPE_REMOTE);
  if (address === undefined || address === false) return undefined;
  const { RemoteCache } = await import('../../cache/remote/remote-cache.ts');
  const { readSigningKey } = await import('../../cache/remote/trust/signing-key.ts');
  const { readTrustedKeys, SCOPE, TRUST_FILE } = await import('../../cache/remote/trust/trusted-keys.ts');
  const scope = environment.PIPE_REMOTE_SCOPE || 'main';
  if (!SCOPE.test(scope))
    throw new UserError(`PIPE_REMOTE_SCOPE is \`${scope}\``, 'it must be a name such as main or pr/12');
  const keys = readTrustedKeys(trustFile(file, TRUST_FILE));
  const signingKey = upload ? readSigningKey(environment) : undefined;
  let opened: Cache | undefined;
  let tell: OnCacheProblem;
  return (cacheDirectory, onProblem) => {
    tell = onProblem;
    if (!opened && keys.length === 0 && signingKey === undefined)
      tell({ code: 'remote-without-keys', message: `${address} is of no use: ${WITHOUT_KEYS}` });
    opened ??= new RemoteCache({
      ...{ address, keys, scope, signingKey, cacheDirectory, onProblem: (problem) => tell(problem) },
      open: async () => {
        const { openStore } = await import('../../cache/remote/stores/open-store.ts');
        return openStore(address, environment);
      },
    });
    return opened;
  };
}

/** Path of the trust file of the project that a file or the current folder belongs to. */
export function trustFile(file: string | undefined, name: string): string {
  return join(projectRoot(file === undefined ? process.cwd() : dirname(resolve(file))), name);
}

function checkedVariable(address: string | undefined): string | undefined {
  if (!address) return undefined;
  try {
    return remoteAddress(address);
  } catch (error) {
    if (error instanceof InvalidArgumentError)
      throw new UserError(`PIPE_REMOTE is \`${address}\``, error.message);
    throw error;
  }
}
