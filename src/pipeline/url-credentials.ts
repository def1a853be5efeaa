const URL_IN_TEXT = /\b([a-z][a-z0-9+.-]*):\/\/[^\s"'<>`]+/gi;
const QUERY_PARAMETER = /[?&;]([^=&;#]+)=([^&;#]+)/g;

/** Query parameters that carry credentials: OAuth, API keys, presigned S3, Google and Azure URLs. */
const CREDENTIAL_PARAMETER =
  /^(?:(?:access|auth|private|refresh|id)?[-_]?token|(?:x-)?api[-_]?key|(?:client[-_]?)?secret|passw(?:or)?d|sig|signature|awsaccesskeyid|x-(?:amz|goog)-(?:signature|credential|security-token))$/i;

/** A credential that stands in a URL inside a text. */
export interface UrlCredential {
  /** The credential's own characters: what must not be shown. */
  readonly secret: string;
  /** What it is, for a message: `a password`, `the parameter \`token\``. */
  readonly what: string;
}

/** Finds credentials in the URLs of a text: `user:password@`, a token as user of http(s), telling parameters. */
export function urlCredentials(text: string): readonly UrlCredential[] {
  const strict = [...text.matchAll(URL_IN_TEXT)].flatMap(([url, scheme]) => [
    ...userCredentials(url, scheme!),
    ...parameterCredentials(url),
  ]);
  return strict.length > 0 ? strict : lenientCredentials(text);
}

/**
 * User and password, or a token, in what the URL parser of browsers and Node takes for a URL although it is not
 * spelled as one (https://url.spec.whatwg.org/#url-parsing): any number of slashes of either kind, or no scheme; tabs
 * and line breaks in between are nothing, where the whole text is a URL.
 */
const WITH_SCHEME = /\b(?:https?|ftp|wss?):[\\/]*([^\s\\/?#"'<>`]+)@/gi;
const WITHOUT_SCHEME = /(?<![:\\/])[\\/]{2,}([^\s\\/?#"'<>`:@]+:[^\s\\/?#"'<>`]*)@/g;

function lenientCredentials(text: string): readonly UrlCredential[] {
  if (!text.includes('@')) return [];
  const whole = text.trim().replace(/[\t\r\n]/g, '');
  const isUrl = /^(?:(?:https?|ftp|wss?):|[\\/]{2})\S*$/i.test(whole);
  const read = isUrl ? whole : text;
  return [...read.matchAll(WITH_SCHEME), ...read.matchAll(WITHOUT_SCHEME)].map(([, user]) => ({
    // White space in between leaves nothing that could be found again in the text: then all of it is the secret.
    secret: text.includes(user!) ? user! : text,
    what: 'a user name, password or token',
  }));
}

function userCredentials(url: string, scheme: string): readonly UrlCredential[] {
  const user = /:\/\/([^/?#]*)@/.exec(url)?.[1];
  if (user === undefined || user === '') return [];
  if (user.includes(':')) return [{ secret: user, what: 'a user name and password' }];
  return /^https?$/i.test(scheme) ? [{ secret: user, what: 'a user name or token' }] : [];
}

function parameterCredentials(url: string): readonly UrlCredential[] {
  return [...url.matchAll(QUERY_PARAMETER)]
    .filter(([, name]) => CREDENTIAL_PARAMETER.test(name!))
    .map(([, name, value]) => ({ secret: value!, what: `the credential \`${name}\`` }));
}

/** A text with the credentials of its URLs replaced, fit to be shown. */
export function concealCredentials(text: string): string {
  return urlCredentials(text).reduce((shown, { secret }) => shown.replaceAll(secret, '•••'), text);
}
