/** A token that stands for its own text, wherever that occurs: it takes no part in byte pairs. */
export interface AddedToken {
  readonly id: number;
  readonly text: string;
  /** White space on this side of it belongs to it. */
  readonly takesLeft?: boolean;
  readonly takesRight?: boolean;
  /** It counts only where no letter, digit or underscore is next to it. */
  readonly wholeWord?: boolean;
  /** Looked for only in what the others leave, after the text was normalised. */
  readonly later?: boolean;
}

/** A piece of a text: an added token, or what is between two of them. */
export type Part = number | string;

/** Cuts a text at added tokens: at each place the longest, from left to right, as the library `tokenizers` does. */
export type CutAtTokens = (text: string) => readonly Part[];

/** What cuts texts at these tokens. */
export function cutterAt(tokens: readonly AddedToken[]): CutAtTokens {
  if (tokens.length === 0) return (text) => (text === '' ? [] : [text]);
  const root: Branch = { next: new Map() };
  for (const token of tokens) add(root, token);
  return (text) => cut(text, root);
}

/** A tree of the tokens' characters: some models have thousands of added tokens. */
interface Branch {
  readonly next: Map<number, Branch>;
  token?: AddedToken;
}

function add(root: Branch, token: AddedToken): void {
  let branch = root;
  for (let i = 0; i < token.text.length; i++) {
    const code = token.text.charCodeAt(i);
    let next = branch.next.get(code);
    if (next === undefined) {
      next = { next: new Map() };
      branch.next.set(code, next);
    }
    branch = next;
  }
  branch.token ??= token;
}

function cut(text: string, root: Branch): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (let at = 0; at < text.length; ) {
    const token = longestAt(text, at, root);
    if (token === undefined) {
      at += 1;
      continue;
    }
    const after = at + token.text.length;
    const isPart =
      token.wholeWord &&
      (WORD_BEFORE.test(text.slice(Math.max(0, at - 2), at)) ||
        WORD_AFTER.test(text.slice(after, after + 2)));
    if (isPart) {
      at = after;
      continue;
    }
    const before = text.slice(end, Math.max(end, at));
    const kept = token.takesLeft ? before.replace(/\p{White_Space}+$/u, '') : before;
    if (kept !== '') parts.push(kept);
    parts.push(token.id);
    end = after;
    if (token.takesRight) end += /^\p{White_Space}*/u.exec(text.slice(end))![0].length;
    at = after;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}

function longestAt(text: string, at: number, root: Branch): AddedToken | undefined {
  let branch: Branch | undefined = root;
  let found: AddedToken | undefined;
  for (let i = at; i < text.length; i++) {
    branch = branch.next.get(text.charCodeAt(i));
    if (branch === undefined) break;
    found = branch.token ?? found;
  }
  return found;
}

/** The `\w` of Rust's regular expressions. */
const WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]';
const WORD_BEFORE = new RegExp(`${WORD}$`, 'u');
const WORD_AFTER = new RegExp(`^${WORD}`, 'u');
