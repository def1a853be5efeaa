import { type Command, InvalidArgumentError } from 'commander';

/** Options of the verbs that may use a remote cache. */
export interface RemoteVerbOptions {
  /** Address; false with `--no-remote`. PIPE_REMOTE counts where it is absent. */
  readonly remote?: string | false;
  /** False with `--no-upload`. */
  readonly upload?: boolean;
}

const KINDS = ['s3:', 'https:', 'http:', 'file:'];

export function addRemoteOption(command: Command): Command {
  return command
    .option(
      '--remote <address>',
      'share results through s3://BUCKET/PREFIX, https://HOST/PATH or file:///FOLDER (default: PIPE_REMOTE)',
      remoteAddress,
    )
    .option('--no-remote', 'whatever PIPE_REMOTE says');
}

/** Checks an address of a remote cache. Throws an InvalidArgumentError for one that cannot be. */
export function remoteAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !KINDS.includes(url.protocol))
    throw new InvalidArgumentError('It must be s3://BUCKET/PREFIX, https://HOST/PATH or file:///FOLDER.');
  if (url.username !== '' || url.password !== '')
    throw new InvalidArgumentError('It holds a password: pass that in a variable instead.');
  return text;
}
