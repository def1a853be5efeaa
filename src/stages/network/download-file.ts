import { rm } from 'node:fs/promises';
import { StageError } from '../../contract/stage-context.ts';
import { type Digested, digestOfFile } from '../../files/digest.ts';
import { shownUrl, urlProblem } from '../../network/network-error.ts';
import { bodyStart, isWhole, refusePacked, totalBytes, validatorOf } from './download-answer.ts';
import { requestFile } from './download-request.ts';
import { discardPart, finishPart, isProven, PartialFile, sizeOf } from './partial-file.ts';
import { retry, TransientError } from './retry.ts';
import { beginningOf, unwantedAnswer, unwantedAnswerError } from './unwanted-answer.ts';

export interface DownloadOptions {
  /** http or https, without credentials. */
  readonly url: string;
  /** Absolute path of the finished file; `<destination>.part` grows next to it until then. */
  readonly destination: string;
  /** Digest that the file must have, in lower-case hexadecimal. */
  readonly sha256?: string | undefined;
  /** The file is data: a web page or a git-lfs pointer in its place is refused, unless its digest is pinned. */
  readonly isData?: boolean;
  /** The header that says who asks; only the origin of `url` sees it. */
  readonly authorization?: string | undefined;
  /** What to do when the server wants to know who asks. */
  readonly loginHint?: string;
  /** A file of more bytes is refused. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Bytes that are here, and how many there will be (null where the server does not tell). */
  readonly onProgress?: (done: number, total: number | null) => void;
  /** Told in words when a try failed and another follows. */
  readonly onRetry?: (message: string) => void;
  /** Failures in a row, without one new byte, that are borne. */
  readonly retries?: number;
  /** Milliseconds before the first repetition; doubled each time. */
  readonly retryDelayMs?: number;
  /** A connection that gives next to nothing for this many milliseconds is closed. */
  readonly stallMs?: number;
}

/** At most one report of progress in this time, so that 2 GB do not make 100,000 events. */
const PROGRESS_EVERY_MS = 250;
/** A connection that is slower than a modem of 1965 brings nothing to an end. */
const LEAST_BYTES_PER_SECOND = 30;
/** A try that brings less than this (and not the rest) counts as a failure, or a server could continue for ever. */
const LEAST_ADVANCE_BYTES = 4096;

/**
 * Downloads one file: streamed to `<destination>.part` as it is sent, continued with Range and If-Range (RFC 9110, 13.1.5
 * and 14) after the bytes that are proven, repeated after network errors and passing HTTP statuses, synced to disk, checked
 * against `sha256`, and only then given its name. A file that already has the name is checked and kept.
 * Throws StageError for what a user can fix; a file with the wrong digest, or that is not what was asked for, is removed.
 */
export async function downloadFile(options: DownloadOptions): Promise<Digested> {
  const { url, destination, sha256 } = options;
  const problem = urlProblem(url);
  if (problem !== undefined) throw new StageError(`Cannot download: ${problem}.`);
  const kept = await keepFinished(options);
  if (kept !== undefined) return kept;
  for (let restarted = false; ; restarted = true) {
    const { resumed, contentType } = await fetchWhole(options);
    const downloaded = await digestOfFile(`${destination}.part`);
    const beginning = await beginningOf(`${destination}.part`);
    const unwanted = options.isData ? unwantedAnswer(beginning, contentType) : undefined;
    if (sha256 === undefined ? unwanted === undefined : sha256 === downloaded.digest) {
      await finishPart(destination);
      return downloaded;
    }
    await discardPart(destination);
    // A part of another version of the file gives a wrong digest too: try once from the beginning.
    if (resumed && !restarted) continue;
    if (unwanted !== undefined) throw unwantedAnswerError(url, unwanted, beginning);
    throw new StageError(
      `${shownUrl(url)} has another digest than its pin: expected sha256 ${sha256}, ` +
        `got ${downloaded.digest} (${downloaded.bytes} bytes). Nothing was kept.`,
      { hint: `If the file was meant to change, pin its new digest: sha256: "${downloaded.digest}"` },
    );
  }
}

async function keepFinished(options: DownloadOptions): Promise<Digested | undefined> {
  const { destination, sha256 } = options;
  if ((await sizeOf(destination)) === undefined) return undefined;
  const finished = await digestOfFile(destination);
  if (sha256 === undefined ? await mayBeKept(options) : sha256 === finished.digest) return finished;
  await rm(destination);
  return undefined;
}

async function mayBeKept({ destination, isData }: DownloadOptions): Promise<boolean> {
  if (!(await isProven(destination))) return false;
  return !isData || unwantedAnswer(await beginningOf(destination)) === undefined;
}

/** What the last request for a file gave. */
interface Fetched {
  /** Some of the file is of an earlier connection. */
  readonly resumed: boolean;
  /** As the server calls what it sent. */
  readonly contentType: string | undefined;
}

/** Brings the part to the whole file. */
async function fetchWhole(options: DownloadOptions): Promise<Fetched> {
  const { url, signal, retries = 5, retryDelayMs = 1000, onRetry } = options;
  const progress = throttled(options.onProgress);
  let furthest = 0;
  const attempt = async (): Promise<Fetched> => {
    const part = await PartialFile.open(options.destination);
    furthest = Math.max(furthest, part.bytes);
    try {
      return await fetchOnce(options, part, progress);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      const advanced = part.bytes - furthest >= LEAST_ADVANCE_BYTES;
      throw new TransientError(error.message, { cause: error.cause, pauseMs: error.pauseMs, advanced });
    } finally {
      await part.close();
    }
  };
  const policy = { retries, delayMs: retryDelayMs };
  try {
    return await retry(attempt, policy, signal, (error, pauseMs) =>
      onRetry?.(`Trying again in ${Math.ceil(pauseMs / 1000)} s: ${error.message}`),
    );
  } catch (error) {
    if (!(error instanceof TransientError)) throw error;
    throw new StageError(`Downloading ${shownUrl(url)} failed after ${retries} retries: ${error.message}.`, {
      hint: 'Run the same command again: it continues after the part that is here.',
      cause: error,
    });
  }
}

/** One request and its body. */
async function fetchOnce(
  options: DownloadOptions,
  part: PartialFile,
  progress: (done: number, total: number | null) => void,
): Promise<Fetched> {
  const { url, sha256, signal, stallMs = 60_000 } = options;
  const stall = new AbortController();
  let arrived = 0;
  const watch = setInterval(() => {
    if (arrived < (LEAST_BYTES_PER_SECOND * stallMs) / 1000) stall.abort(tooSlow(url, arrived, stallMs));
    arrived = 0;
  }, stallMs);
  const headers = { 'accept-encoding': 'identity', ...part.rangeHeaders(sha256 !== undefined) };
  try {
    const answer = await requestFile(
      url,
      headers,
      AbortSignal.any([signal, stall.signal]),
      options.authorization,
    );
    if (isWhole(answer, part)) {
      answer.discard();
      await part.keep(true);
      return { resumed: true, contentType: undefined };
    }
    const start = await bodyStart(answer, url, part, options.loginHint);
    const total = totalBytes(answer, start);
    refusePacked(answer, url);
    await refuseLarge(options, total ?? 0, part);
    if (start === 0) await part.restart(validatorOf(answer));
    for await (const chunk of answer.body()) {
      arrived += chunk.length;
      await refuseLarge(options, part.bytes + chunk.length, part);
      await part.append(chunk);
      progress(part.bytes, total);
    }
    const received = part.bytes;
    if (total !== null && received !== total) {
      if (received > total) await part.restart('');
      throw new TransientError(`${new URL(url).host} announced ${total} bytes and sent ${received}`, {
        pauseMs: 0,
      });
    }
    await part.keep(true);
    return { resumed: start > 0, contentType: answer.header('content-type') };
  } catch (error) {
    // What came is worth keeping; where that fails too, only time is lost.
    await part.keep().catch(() => {});
    throw named(error);
  } finally {
    clearInterval(watch);
  }
}

function tooSlow(url: string, bytes: number, ms: number): TransientError {
  return new TransientError(
    `${new URL(url).host} sent ${bytes === 0 ? 'nothing' : `only ${bytes} bytes`} for ${ms / 1000} s`,
  );
}

async function refuseLarge(
  { url, maxBytes }: DownloadOptions,
  bytes: number,
  part: PartialFile,
): Promise<void> {
  if (bytes <= maxBytes) return;
  await part.restart('');
  throw new StageError(
    `${shownUrl(url)} is larger than the ${maxBytes} bytes that max_bytes allows. Nothing was kept.`,
    {
      hint: 'If the file is meant to be that large, raise max_bytes; nothing else runs again for that.',
    },
  );
}

function named(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) return error;
  return new StageError('The disk is full.', {
    hint: 'Free some space and run the same command again: it continues after the part that is here.',
  });
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
