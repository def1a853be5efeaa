import { StageError } from '../contract/stage-context.ts';

const VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'];

/** Whether the environment names a proxy, so that errors may be its own. */
export function proxyIsSet(): boolean {
  return VARIABLES.some((name) => (process.env[name] ?? '') !== '');
}

/**
 * `fetch` through the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name, which Node's own heeds only from version 24
 * on, and when told to. Without a proxy it is Node's own, and nothing is loaded. Throws StageError for an address of
 * a proxy that is none.
 */
export async function fetchThroughProxy(url: string, init: RequestInit): Promise<Response> {
  if (!proxyIsSet()) return await fetch(url, init);
  const { default: undici } = await import('undici'); // bundled, it has no named exports
  // Many proxies refuse to tunnel what is not encrypted.
  const dispatcher = proxyAgent(() => new undici.EnvHttpProxyAgent({ proxyTunnel: false }));
  const options = { ...init, dispatcher } as Parameters<typeof undici.fetch>[1];
  return (await undici.fetch(url, options)) as unknown as Response;
}

function proxyAgent<Agent>(create: () => Agent): Agent {
  try {
    return create();
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
