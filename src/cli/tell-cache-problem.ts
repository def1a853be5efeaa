import type { CacheProblem } from '../cache/cache-problem.ts';

/** Tells on standard error that something stored is damaged or gone; the verb goes on without it. */
export function tellCacheProblem({ message, quarantined }: CacheProblem): void {
  const kept = quarantined === undefined ? '' : ` (the damaged bytes are kept in ${quarantined})`;
  process.stderr.write(`cache: ${message}${kept}\n`);
}
