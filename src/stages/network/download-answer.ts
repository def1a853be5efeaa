import { StageError } from '../../contract/stage-context.ts';
import { shownUrl } from '../../network/network-error.ts';
import { outsideText } from '../../network/outside-text.ts';
import type { Answer } from './download-request.ts';
import type { PartialFile } from './partial-file.ts';
import { retryAfterMs, TransientError } from './retry.ts';

/** The server says that nothing is at the address. */
export class NotFoundError extends StageError {}

/** HTTP statuses that may be gone at the next try, besides 5xx. */
const PASSING_STATUSES = new Set([408, 425, 429]);
/** Whether the server says that a part needs nothing more: an attempt died before it gave the file its name. */
export function isWhole(answer: Answer, part: PartialFile): boolean {
  if (answer.status !== 416) return false;
  return /^bytes \*\/(\d+)$/.exec(answer.header('content-range') ?? '')?.[1] === String(part.bytes);
}

/**
 * Offset in the file at which the body begins. Throws TransientError or StageError where the status means that there is
 * no body to keep.
 */
export async function bodyStart(
  answer: Answer,
  url: string,
  part: PartialFile,
  loginHint?: string,
): Promise<number> {
  if (answer.status === 200) return 0;
  if (answer.status === 206 && part.bytes > 0) {
    const start = Number(/^bytes (\d+)-/.exec(answer.header('content-range') ?? '')?.[1]);
    if (start === part.bytes) return start;
  }
  answer.discard();
  const status = `${shownUrl(url)} answered ${answer.statusText}`;
  if (answer.status === 206 || answer.status === 416) {
    await part.restart('');
    throw new TransientError(`${status}, which does not fit the request`, { pauseMs: 0 });
  }
  if (answer.status >= 500 || PASSING_STATUSES.has(answer.status)) {
    throw new TransientError(status, { pauseMs: retryAfterMs(answer.header('retry-after') ?? null) });
  }
  const hint = statusHint(answer.status, loginHint);
  if (answer.status === 404 || answer.status === 410) throw new NotFoundError(`${status}.`, { hint });
  throw new StageError(`${status}.`, { hint });
}

function statusHint(
  status: number,
  loginHint = 'The server wants a login; only public files can be downloaded.',
): string {
  if (status === 404 || status === 410) return 'Check the URL: there is nothing at this address.';
  if (status === 401 || status === 403) return loginHint;
  return 'Check the URL in a browser.';
}

/** Bytes of the whole file as the headers announce them, or null. */
export function totalBytes(answer: Answer, start: number): number | null {
  const range = /^bytes \d+-\d+\/(\d+)$/.exec(answer.header('content-range') ?? '')?.[1];
  if (start > 0 && range !== undefined) return Number(range);
  const length = answer.header('content-length');
  return length === undefined ? null : start + Number(length);
}

/** A strong ETag, else the date of the last change; empty where the server names neither. */
export function validatorOf(answer: Answer): string {
  const etag = answer.header('etag') ?? '';
  return etag.startsWith('"') ? etag : (answer.header('last-modified') ?? '');
}

/**
 * Throws StageError for a body that is packed, which is not the file: unpacked, a few KB can become any number of GB;
 * kept, it is not what the name says.
 */
export function refusePacked(answer: Answer, url: string): void {
  const encoding = answer.header('content-encoding') ?? 'identity';
  if (encoding.trim() === '' || encoding.trim().toLowerCase() === 'identity') return;
  answer.discard();
  throw new StageError(
    `${shownUrl(url)} comes packed (content-encoding: ${outsideText(encoding)}), though it was asked for as it is.`,
    {
      hint: 'Fetch it in a `command` stage: curl --compressed unpacks it, curl alone keeps it as it is sent.',
    },
  );
}
