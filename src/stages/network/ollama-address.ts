import { isIPv6 } from 'node:net';
import { StageError } from '../../contract/stage-context.ts';
import { urlProblem } from '../../network/network-error.ts';

const DEFAULT_PORT = '11434';

/**
 * Address of the server, without a slash at its end: the setting, else OLLAMA_HOST in the forms that Ollama
 * itself takes (host, host:port, :port, with or without scheme), else 127.0.0.1. Throws StageError.
 */
export function ollamaUrl(
  setting: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const given = setting ?? unquoted(environment.OLLAMA_HOST ?? '');
  const address = given.includes('://') ? given : `http://${withPort(given)}`;
  // `http:\\user:password@host` is a URL of another host than it seems.
  const problem =
    urlProblem(address) ?? (given.includes('@') ? 'what is before its @ may be a password' : undefined);
  if (problem !== undefined) {
    throw new StageError(`The address of Ollama is wrong: ${problem}.`, {
      hint: `Set ${setting === undefined ? 'OLLAMA_HOST' : '`url`'} to something like http://127.0.0.1:${DEFAULT_PORT}`,
    });
  }
  const url = new URL(address);
  // What a server listens on when it listens everywhere is no address to call.
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1';
  if (url.hostname === '[::]') url.hostname = '[::1]';
  return url.href.replace(/\/+$/, '');
}

/** As Ollama itself does: a line that was copied from a file of systemd or a shell has them. */
function unquoted(text: string): string {
  return text.replace(/^[\s"']+|[\s"']+$/g, '');
}

function withPort(host: string): string {
  if (isIPv6(host)) return `[${host}]:${DEFAULT_PORT}`;
  const named = host === '' || host.startsWith(':') ? `127.0.0.1${host}` : host;
  return /:\d+(\/|$)/.test(named) ? named : `${named}:${DEFAULT_PORT}`;
}
