import type { Place } from '../diagnostics/diagnostic.ts';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import type { Sources } from '../yaml/sources.ts';
import type { Value } from '../yaml/value.ts';
import { urlCredentials } from './url-credentials.ts';

/** Credentials of one text that are reported one by one. */
const MOST_SHOWN = 10;

/**
 * Reports credentials in the URLs of all texts and keys of a value: they belong into `secrets`, because what a pipeline
 * file says is shown, recorded and logged. A place that is reported already is not reported again.
 */
export function refuseCredentials(value: Value, sources: Sources, diagnostics: DiagnosticList): void {
  for (const [text, place] of textsOf(value)) {
    const credentials = urlCredentials(text);
    if (credentials.length === 0 || diagnostics.covers(place)) continue;
    // Of many, one stands for all: it is about all of the text then, so that none is shown.
    const isMany = credentials.length > MOST_SHOWN;
    for (const { secret, what } of isMany ? credentials.slice(0, 1) : credentials) {
      diagnostics.add({
        code: 'credential-in-url',
        message: `a URL holds ${what}`,
        place: isMany ? place : sources.narrow(place, secret),
        conceal: true,
        hint: 'pass it to the stage in an environment variable named under `secrets`, and make a new credential: this one may have been seen',
      });
    }
  }
}

function* textsOf(value: Value): Generator<readonly [text: string, place: Place]> {
  if (value.kind === 'list') for (const item of value.items) yield* textsOf(item);
  if (value.kind === 'map')
    for (const [key, entry] of value.entries) {
      yield [key, entry.key];
      yield* textsOf(entry.value);
    }
  if (value.kind === 'scalar' && typeof value.value === 'string')
    yield [value.value, value.origin ?? value.place];
}
