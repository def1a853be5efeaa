const QUERY_PARAMETER = /[?&;]([^=&;#]+)=([^&;#]+)/g;

/** Query parameters that carry credentials: OAuth, API keys, presigned S3, Google and Azure URLs. */
const CREDENTIAL_PARAMETER =
  /^(?:(?:access|auth|private|refresh|id)?[-_]?token|(?:x-)?api[-_]?key|(?:client[-_]?)?secret|passw(?:or)?d|sig|signature|awsaccesskeyid|x-(?:amz|goog)-(?:signature|credential|security-token))$/i;

/** A credential that stands in a URL inside a text. */
export interface UrlCredential {
  /** The credential's own characters: what must not be shown. */
  readonly secret: string;
  /** UTF-16 offset of the credential in the text. */
  readonly index: number;
  /** What it is, for a message: `a password`, `the parameter \`token\``. */
  readonly what: string;
}

/**
 * Finds credentials in the URLs of a text: `user:password@`, a token as user, telling parameters. A URL is what the
 * parser of browsers and Node takes for one (https://url.spec.whatwg.org/#url-parsing): slashes of either kind, any
 * number of them, or no scheme; tabs and line breaks in between are nothing, where the whole text is a URL. Takes time
 * in proportion to the text.
 */
export function urlCredentials(text: string): readonly UrlCredential[] {
  const found = new Map<number, UrlCredential>();
  for (const credential of [...visibleCredentials(text), ...brokenUpCredentials(text)])
    found.set(credential.index, credential);
  return [...found.values()].sort((a, b) => a.index - b.index);
}

/** A text with the credentials of its URLs replaced, fit to be shown. */
export function concealCredentials(text: string): string {
  const oneLine = text.replace(/[\t\r\n]/g, '');
  const isBrokenUp = visibleCredentials(oneLine).length > visibleCredentials(text).length;
  return isBrokenUp ? concealed(oneLine) : concealed(text);
}

function concealed(text: string): string {
  const shown: string[] = [];
  let end = 0;
  for (const { index, secret } of urlCredentials(text)) {
    if (index >= end) shown.push(text.slice(end, index), '•••');
    end = Math.max(end, index + secret.length);
  }
  return shown.join('') + text.slice(end);
}

function visibleCredentials(text: string): readonly UrlCredential[] {
  const users = text.includes('@')
    ? [...partCredentials(text), ...spacedCredential(text), ...splitCredentials(text)]
    : [];
  return [...users, ...parameterCredentials(text)];
}

/** White space inside a credential leaves nothing that could be found again in the text: then all of it is the secret. */
function brokenUpCredentials(text: string): readonly UrlCredential[] {
  const whole = text.trim().replace(/[\t\r\n]/g, '');
  if (whole.length === text.length || !/^(?:(?:https?|ftp|wss?):|[\\/]{2})\S*$/i.test(whole)) return [];
  return visibleCredentials(whole).map(({ secret, what }) => {
    const index = text.indexOf(secret);
    return index < 0 ? { secret: text, index: 0, what } : { secret, index, what };
  });
}

/** Where a URL inside a text may have its user and host: between what ends them. */
const PART = /[^\s\\/?#"'<>`]+/g;
/** A scheme whose slashes may be missing. */
const SPECIAL = /^(?:https?|ftp|wss?)$/i;
/** What stands before a part: enough of it for any scheme. */
const BEFORE = 80;

function* partCredentials(text: string): Generator<UrlCredential> {
  for (const { 0: part, index } of text.matchAll(PART)) {
    const head = part.slice(0, Math.max(0, part.lastIndexOf('@')));
    if (head === '') continue;
    const unslashed = /\b(?:https?|ftp|wss?):(.+)$/i.exec(head)?.[1];
    if (unslashed !== undefined) yield userOf(unslashed, index + head.length - unslashed.length);
    else if (beginsUser(text.slice(Math.max(0, index - BEFORE), index), head)) yield userOf(head, index);
  }
}

/** Whether `head@` has a user after `before`: any after a special scheme, else one with a password after two slashes. */
function beginsUser(before: string, head: string): boolean {
  const [, scheme = '', slashes = ''] = /(?:\b([a-z][a-z0-9+.-]*):)?([\\/]+)$/i.exec(before) ?? [];
  return slashes !== '' && (SPECIAL.test(scheme) || (slashes.length > 1 && /:|%3a/i.test(head)));
}

/** A user or password with spaces or quotes, where the text begins with its URL. */
function spacedCredential(text: string): readonly UrlCredential[] {
  const [all, user = ''] = /^\s*(?:https?|ftp|wss?):[\\/]*([^\\/?#]*)@/i.exec(text) ?? [];
  return all === undefined || user === '' ? [] : [userOf(user, all.length - 1 - user.length)];
}

/** A password with `/`, `?` or `#` in it: no URL any more, as what is no number cannot be a port. */
const SPLIT = /:[\\/]{2,}([^\s\\/?#"'<>`@:[\]]+:(?!\$|\d*(?:[\\/?#]|$))[^\s"'<>`@:]*)@/g;

function splitCredentials(text: string): readonly UrlCredential[] {
  return [...text.matchAll(SPLIT)].map(({ 0: all, 1: user, index }) =>
    userOf(user!, index + all.length - 1 - user!.length),
  );
}

function userOf(secret: string, index: number): UrlCredential {
  return { secret, index, what: secret.includes(':') ? 'a user name and password' : 'a user name or token' };
}

function* parameterCredentials(text: string): Generator<UrlCredential> {
  for (const url of text.matchAll(/(?:[\\/]{2}|\b(?:https?|ftp|wss?):)[^\s"'<>`]+/gi)) {
    for (const { 0: all, 1: name, 2: value, index } of url[0].matchAll(QUERY_PARAMETER)) {
      if (!CREDENTIAL_PARAMETER.test(name!)) continue;
      const start = url.index + index + all.length - value!.length;
      yield { secret: value!, index: start, what: `the credential \`${name}\`` };
    }
  }
}
