import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { StageError } from '../contract/stage-context.ts';
import {
  copyWhole,
  discardPart,
  type Part,
  partOf,
  rangeHeaders,
  sizeOf,
  validatorOf,
} from './download-part.ts';
import { fetchThroughProxy, proxyIsSet } from './fetch-through-proxy.ts';
import { explainNetworkError, shownUrl, urlProblem } from './network-error.ts';
import { retry, retryAfterMs, TransientError } from './retry.ts';

export interface DownloadOptions {
  /** http or https, without credentials. */
  readonly url: string;
  /** Absolute path of the finished file; `<destination>.part` grows beside it until then. */
  readonly destination: string;
  /** Digest that the file must have, in lower-case hexadecimal. */
  readonly sha256?: string | undefined;
  readonly signal: AbortSignal;
  /** Bytes that are here, and how many there will be (null where the server does not tell). */
  readonly onProgress?: (done: number, total: number | null) => void;
  /** Told in words when a try failed and another follows. */
  readonly onRetry?: (message: string) => void;
  /** Failures in a row, without one new byte, that are borne. */
  readonly retries?: number;
  /** Milliseconds before the first repetition; doubled each time. */
  readonly retryDelayMs?: number;
  /** A connection that gives nothing for so many milliseconds is broken off. */
  readonly stallMs?: number;
}

export interface Downloaded {
  readonly sha256: string;
  readonly bytes: number;
}

/** The server says that nothing lies at the address. */
export class NotFoundError extends StageError {}

/** At most one report of progress in this time, so that 2 GB do not make 100,000 events. */
const PROGRESS_EVERY_MS = 250;
/** HTTP statuses that may be gone at the next try, beside 5xx. */
const PASSING_STATUSES = new Set([408, 425, 429]);

/**
 * Downloads one file: streamed to `<destination>.part`, resumed with Range and If-Range (RFC 9110, 13.1.5 and
 * 14) where a part is there, repeated after network errors and passing HTTP statuses, synced to disk, checked
 * against `sha256`, and only then given its name. A file that already has the name is checked and kept.
 * Throws StageError for what a user can mend; a file with the wrong digest is removed.
 */
export async function downloadFile(options: DownloadOptions): Promise<Downloaded> {
  const problem = urlProblem(options.url);
  if (problem !== undefined) throw new StageError(`Cannot download: ${problem}.`);
  const part = partOf(options.destination);
  const kept = await keepFinished(options);
  if (kept !== undefined) return kept;
  for (let restarted = false; ; restarted = true) {
    const resumed = await fetchWhole(options, part);
    const downloaded = await digestOf(part.path);
    if (options.sha256 === undefined || options.sha256 === downloaded.sha256) {
      await rename(part.path, options.destination);
      await rm(part.validatorPath, { force: true });
      return downloaded;
    }
    await discardPart(part);
    // A part of another version of the file gives a wrong digest too: try once from the beginning.
    if (resumed && !restarted) continue;
    throw new StageError(
      `${shownUrl(options.url)} has another digest than its pin: expected sha256 ${options.sha256}, ` +
        `got ${downloaded.sha256} (${downloaded.bytes} bytes). Nothing was kept.`,
      { hint: `If the file was meant to change, pin its new digest: sha256: "${downloaded.sha256}"` },
    );
  }
}

/**
 * Copies what an earlier attempt left of `destination` (the finished file or its part) beside it, so that
 * `downloadFile` goes on from there. `earlier`: work directories, newest first.
 */
export async function takeOverDownload(destination: string, earlier: readonly string[]): Promise<void> {
  const to = partOf(destination);
  for (const directory of earlier) {
    const from = join(directory, basename(destination));
    if (await copyWhole(from, destination)) return;
    // The version first: a part without one is at worst fetched again, never taken for another version's.
    await copyWhole(partOf(from).validatorPath, to.validatorPath);
    if (await copyWhole(partOf(from).path, to.path)) return;
  }
}

async function keepFinished({ destination, sha256 }: DownloadOptions): Promise<Downloaded | undefined> {
  if ((await sizeOf(destination)) === undefined) return undefined;
  const finished = await digestOf(destination);
  if (sha256 === undefined || sha256 === finished.sha256) return finished;
  await rm(destination);
  return undefined;
}

/** Brings the part to the whole file. Returns whether any of it is of an earlier connection. */
async function fetchWhole(options: DownloadOptions, part: Part): Promise<boolean> {
  const { signal, retries = 5, retryDelayMs = 1000, onRetry } = options;
  const progress = throttled(options.onProgress);
  let furthest = (await sizeOf(part.path)) ?? 0;
  let resumed = false;
  const policy = { retries, delayMs: retryDelayMs };
  const attempt = async (): Promise<void> => {
    try {
      resumed = await fetchOnce(options, part, progress);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      const size = (await sizeOf(part.path)) ?? 0;
      const advanced = size > furthest;
      furthest = Math.max(furthest, size);
      throw new TransientError(error.message, { cause: error.cause, pauseMs: error.pauseMs, advanced });
    }
  };
  await retry(attempt, policy, signal, (error, pauseMs) =>
    onRetry?.(`Trying again in ${Math.ceil(pauseMs / 1000)} s: ${error.message}`),
  ).catch((error: unknown) => {
    if (!(error instanceof TransientError)) throw error;
    throw new StageError(
      `Downloading ${shownUrl(options.url)} failed after ${retries} retries: ${error.message}.`,
      {
        hint: 'Run the same command again: it goes on from the part that is here.',
        cause: error,
      },
    );
  });
  return resumed;
}

/** One request and its body. Returns whether it continued a part that was there before. */
async function fetchOnce(
  { url, sha256, signal, stallMs = 60_000 }: DownloadOptions,
  part: Part,
  progress: (done: number, total: number | null) => void,
): Promise<boolean> {
  const stall = new AbortController();
  const stalled = () =>
    stall.abort(new TransientError(`${new URL(url).host} sent nothing for ${stallMs / 1000} s`));
  const watch = setTimeout(stalled, stallMs);
  const both = AbortSignal.any([signal, stall.signal]);
  const range = await rangeHeaders(part, sha256 !== undefined);
  try {
    const headers = { 'accept-encoding': 'identity', ...range };
    const response = await fetchThroughProxy(url, { headers, signal: both });
    if (await isWhole(response, part)) return true;
    const start = await bodyStart(response, url, part);
    const total = totalBytes(response, start);
    const file = await open(part.path, start === 0 ? 'w' : 'r+');
    try {
      // Only once the old part is gone: its bytes must never stand beside the name of another version.
      if (start === 0) await writeFile(part.validatorPath, validatorOf(response));
      let done = start;
      for await (const chunk of response.body ?? []) {
        watch.refresh();
        await writeAll(file, chunk, done);
        done += chunk.length;
        progress(done, total);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    return start > 0;
  } catch (error) {
    throw classified(error, url, signal);
  } finally {
    clearTimeout(watch);
  }
}

/** Whether the server says that a part needs nothing more: an attempt died before it gave the file its name. */
async function isWhole(response: Response, part: Part): Promise<boolean> {
  if (response.status !== 416) return false;
  const length = /^bytes \*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  return length !== undefined && Number(length) === (await sizeOf(part.path));
}

/** Offset in the file at which the body begins; throws where the status means that there is no body to keep. */
async function bodyStart(response: Response, url: string, part: Part): Promise<number> {
  if (response.status === 200) return 0;
  if (response.status === 206) {
    const start = Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]);
    if (start === (await sizeOf(part.path))) return start;
  }
  await response.body?.cancel();
  const status = `${shownUrl(url)} answered ${response.status} ${response.statusText}`.trimEnd();
  if (response.status === 206 || response.status === 416) {
    await discardPart(part);
    throw new TransientError(`${status} to a request for the rest of the file`, { pauseMs: 0 });
  }
  if (response.status >= 500 || PASSING_STATUSES.has(response.status)) {
    throw new TransientError(status, { pauseMs: retryAfterMs(response.headers.get('retry-after')) });
  }
  const hint = statusHint(response.status);
  if (response.status === 404 || response.status === 410) throw new NotFoundError(`${status}.`, { hint });
  throw new StageError(`${status}.`, { hint });
}

function statusHint(status: number): string {
  if (status === 404 || status === 410) return 'Check the URL: nothing lies there.';
  if (status === 401 || status === 403)
    return 'The server wants a login; only public files can be downloaded.';
  return 'Check the URL in a browser.';
}

function totalBytes(response: Response, start: number): number | null {
  const length = response.headers.get('content-length');
  return length === null || response.headers.has('content-encoding') ? null : start + Number(length);
}

async function writeAll(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < chunk.length; ) {
    const { bytesWritten } = await file.write(chunk, written, chunk.length - written, position + written);
    written += bytesWritten;
  }
}

/** Turns what went wrong into an error to show, or into one to repeat after. */
function classified(error: unknown, url: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') {
    return new StageError('The disk is full.', {
      hint: 'Free some space and run the same command again: the download goes on from the part that is here.',
    });
  }
  // `fetch` and its bodies fail with a TypeError; anything else is explained already or of the file system.
  if (!(error instanceof TypeError)) return error;
  const { host } = new URL(url);
  const failure = explainNetworkError(error, proxyIsSet() ? `${host} (a proxy is set)` : host);
  if (!failure.lasting) return new TransientError(failure.message, { cause: error });
  const hint = failure.hint === undefined ? {} : { hint: failure.hint };
  return new StageError(`Cannot download ${shownUrl(url)}: ${failure.message}.`, { ...hint, cause: error });
}

function throttled(report: DownloadOptions['onProgress']): (done: number, total: number | null) => void {
  let last = 0;
  return (done, total) => {
    const now = Date.now();
    if (done !== total && now - last < PROGRESS_EVERY_MS) return;
    last = now;
    report?.(done, total);
  };
}

async function digestOf(path: string): Promise<Downloaded> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { sha256: hash.digest('hex'), bytes };
}
