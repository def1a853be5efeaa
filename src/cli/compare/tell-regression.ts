import { type AnnotatedPlace, annotation } from '../../reporters/annotation.ts';
import { paintFor } from '../../terminal/paint.ts';
import { show } from '../../terminal/show.ts';

/** Says on standard error that something became worse; on GitHub Actions as an annotation. */
export function tellRegression(title: string, message: string, place?: AnnotatedPlace): void {
  if (process.env.GITHUB_ACTIONS === 'true') {
    show(process.stderr, annotation('error', title, { message }, place));
    return;
  }
  show(process.stderr, `${paintFor(process.stderr)('red', 'error:')} ${message}`);
}
