import type { Dispatcher } from 'undici';
import { StageError } from '../contract/stage-context.ts';

const VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'];

/** Whether the environment names a proxy, so that errors may be its own. */
export function proxyIsSet(): boolean {
  return VARIABLES.some((name) => (process.env[name] ?? '') !== '');
}

/**
 * The way through the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name, or undefined where none is set. Throws
 * StageError for an address of a proxy that is none.
 */
export async function proxyDispatcher(): Promise<Dispatcher | undefined> {
  if (!proxyIsSet()) return undefined;
  const { default: undici } = await import('undici'); // bundled, it has no named exports
  try {
    // Many proxies refuse to tunnel what is not encrypted.
    return new undici.EnvHttpProxyAgent({ proxyTunnel: false });
  } catch (error) {
    const { code } = Object(error) as { code?: string };
    if (code !== 'ERR_INVALID_URL' && code !== 'UND_ERR_INVALID_ARG') throw error;
    // The address may hold a password: it is not shown.
    throw new StageError('The address of the proxy is not a URL.', {
      hint: 'Set HTTPS_PROXY (and HTTP_PROXY) to something like http://proxy.example.com:3128',
      cause: error,
    });
  }
}
