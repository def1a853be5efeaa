import type { CacheProblem } from '../../cache/cache-problem.ts';
import { show } from '../../terminal/show.ts';

/** Reports on standard error that something stored is damaged or gone; the verb continues without it. */
export function tellCacheProblem({ message, quarantined }: CacheProblem): void {
  const kept = quarantined === undefined ? '' : ` (the damaged bytes are kept in ${quarantined})`;
  show(process.stderr, `cache: ${message}${kept}`);
}
