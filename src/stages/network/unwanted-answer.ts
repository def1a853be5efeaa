import { open } from 'node:fs/promises';
import { StageError } from '../../contract/stage-context.ts';
import { shownUrl } from '../../network/network-error.ts';
import { outsideText } from '../../network/outside-text.ts';

/** Bytes at the beginning of a file that show what it is. */
const SEEN_BYTES = 1024;

/** Endings of files that are no pages: what a browser would show is not what was wanted. */
const DATA_FILE =
  /\.(json|jsonl|ndjson|csv|tsv|parquet|arrow|safetensors|bin|pt|gguf|npy|npz|zip|gz|tgz|tar|xz|zst|bz2|bpe|txt|ya?ml)$/i;

const PAGE = /^(?:<!--[\s\S]*?-->|\s)*<(?:!doctype\s+html|html|head|body|script|title|meta)\b/i;
const POINTER = 'version https://git-lfs.github.com/spec/v1\n';

/** Whether a file of this name is data, so that a web page in its place is an error. */
export function isDataFile(name: string): boolean {
  return DATA_FILE.test(name);
}

/**
 * What a server sent instead of a file, judged by the beginning of the file and by what the server calls it: sign-in pages and
 * pages of errors come with status 200, too. Undefined where it may be the file.
 */
export function unwantedAnswer(beginning: string, contentType = ''): string | undefined {
  const text = beginning.replace(/^\uFEFF/, '');
  if (text.startsWith(POINTER)) return 'a git-lfs pointer';
  const calledPage = /^\s*(text\/html|application\/xhtml\+xml)\b/i.test(contentType);
  if (PAGE.test(text) || (calledPage && /^\s*</.test(text))) return 'a web page';
  return undefined;
}

/** The beginning of a file, for `unwantedAnswer`. */
export async function beginningOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SEEN_BYTES), 0, SEEN_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The error for an answer that is not the file: what it is, from where, how it begins, and where the file may be. */
export function unwantedAnswerError(url: string, what: string, beginning: string): StageError {
  const begins = outsideText(beginning.trim(), 80);
  return new StageError(
    `The answer is ${what} and not the file, from ${shownUrl(url)}: it begins with "${begins}". Nothing was kept.`,
    { hint: what === 'a git-lfs pointer' ? pointerHint(url) : pageHint(url) },
  );
}

function pointerHint(url: string): string {
  const { hostname, pathname } = new URL(url);
  if (hostname === 'raw.githubusercontent.com')
    return `The file itself is at https://media.githubusercontent.com/media${pathname}`;
  return 'Give the address of the file itself (on huggingface.co with /resolve/ in it, not /raw/).';
}

function pageHint(url: string): string {
  const { hostname, pathname } = new URL(url);
  if (hostname === 'github.com' && /\/blob\//.test(pathname))
    return `The file itself is at https://raw.githubusercontent.com${pathname.replace('/blob/', '/')}`;
  if (hostname === 'huggingface.co' && /\/blob\//.test(pathname))
    return `The file itself is at https://huggingface.co${pathname.replace('/blob/', '/resolve/')}`;
  return 'Open the address in a browser: the server, or the network in between, may want a login first. Then run the same command again.';
}
