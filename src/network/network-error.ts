import { outsideText } from './outside-text.ts';

/** Codes of errors that the same request meets again: a wrong name, a certificate that is not trusted. */
const LASTING = /^(ENOTFOUND|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_SSL_|ERR_INVALID_URL)/;

/** What a failed `fetch` or a broken body means. `lasting`: trying again without a change is of no use. */
export interface NetworkFailure {
  readonly message: string;
  readonly lasting: boolean;
  readonly hint?: string;
}

/** Explains an error of undici, or the TypeError that `fetch` wraps around one. */
export function explainNetworkError(error: unknown, host: string): NetworkFailure {
  const cause = innermostCause(error);
  const code = codeOf(cause);
  const lasting = LASTING.test(code);
  if (code === 'ENOTFOUND') {
    return {
      message: `no address is known for the host ${host}`,
      lasting,
      hint: 'Check the URL and that this machine is online.',
    };
  }
  if (code === 'EAI_AGAIN') return { message: `the name server did not answer for ${host}`, lasting };
  if (code === 'UND_ERR_HEADERS_OVERFLOW')
    return { message: `${host} sent headers without an end`, lasting: true };
  if (code === 'ECONNREFUSED') return { message: `${host} refused the connection`, lasting };
  if (lasting) {
    return {
      message: `no secure connection to ${host}: ${describe(cause)}`,
      lasting,
      hint: 'A certificate of your own authority can be given with NODE_EXTRA_CA_CERTS=FILE.',
    };
  }
  return { message: `the connection to ${host} broke: ${describe(cause)}`, lasting };
}

/** The URL as it may be shown: without user, password, query and fragment, which can hold credentials. */
export function shownUrl(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return `${origin}${pathname}${search === '' ? '' : '?…'}`;
}

/** What is wrong with an address that the user gave, or undefined. */
export function urlProblem(url: string): string | undefined {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    // What is before an @ may be a password.
    return url.includes('@')
      ? 'it is not a URL, and it may hold a password'
      : `"${outsideText(url)}" is not a URL`;
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    return `${parsed.protocol}// is not supported: only http:// and https:// are`;
  }
  if (parsed.username !== '' || parsed.password !== '') {
    return `the URL of ${parsed.host} holds a user name or password, which would end up in logs and records`;
  }
  return undefined;
}

function innermostCause(error: unknown): unknown {
  let cause = error;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  // Trying an IPv6 and an IPv4 address gives an AggregateError without a message of its own.
  return cause instanceof AggregateError ? cause.errors[0] : cause;
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return outsideText(String(error));
  return outsideText(error.message || codeOf(error) || error.name);
}
