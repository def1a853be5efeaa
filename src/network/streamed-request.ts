import type { Dispatcher } from 'undici';

/**
 * What may wait to be read, of an answer. If all that a server sent is taken, some of it is held back, and the server hangs up,
 * undici 7 ends the whole process (nodejs/undici issue 5360; the fix is in version 8, which needs Node 22). Any server that
 * closes after its answer does that to a reader that is slower, such as a disk. So little is ever held back.
 */
const MOST_WAITING_BYTES = 16 * 1024 * 1024;

/**
 * Asks, and gives the answer with its body as it is sent. Not `fetch`, which unpacks what a server packed, asked or not: a few KB
 * can become any number of GB. Redirects are not followed. Throws what undici throws.
 */
export async function streamedRequest(
  url: string,
  options: Omit<Dispatcher.RequestOptions, 'origin' | 'path' | 'highWaterMark'> & { dispatcher?: Dispatcher },
): Promise<Dispatcher.ResponseData> {
  const { default: undici } = await import('undici'); // bundled, it has no named exports
  return await undici.request(url, { ...options, highWaterMark: MOST_WAITING_BYTES });
}
