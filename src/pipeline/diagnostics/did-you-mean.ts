import { distance } from 'fastest-levenshtein';

/** Comparing takes time with the product of both lengths, and longer names are no slips. */
const LONGEST = 200;
const MOST_CANDIDATES = 2000;

/**
 * The known name that is most like `name`, if one is like it at all: at most a third of its letters differ, or
 * they are the same letters in another order.
 */
export function closestName(name: string, known: Iterable<string>): string | undefined {
  if (name.length > LONGEST) return undefined;
  let best: { name: string; distance: number } | undefined;
  let compared = 0;
  for (const candidate of known) {
    if (candidate.length > LONGEST) continue;
    if (++compared > MOST_CANDIDATES) break;
    const difference = distance(name.toLowerCase(), candidate.toLowerCase());
    if (best === undefined || difference < best.distance) best = { name: candidate, distance: difference };
  }
  const allowed = Math.max(1, Math.floor(Math.max(name.length, best?.name.length ?? 0) / 3));
  if (best === undefined) return undefined;
  return best.distance <= allowed || sorted(best.name) === sorted(name) ? best.name : undefined;
}

function sorted(name: string): string {
  return [...name.toLowerCase()].sort().join('');
}

/** A hint for a name that is not known: the closest one, or the first few that there are. */
export function nameHint(name: string, known: Iterable<string>, what: string): string {
  const names = [...known];
  const closest = closestName(name, names);
  if (closest !== undefined) return `did you mean \`${closest}\`?`;
  return names.length === 0 ? `there are no ${what}` : `${what}: ${listNames(names)}`;
}

/** `a`, `b` and `c`; long lists are cut. */
export function listNames(names: readonly string[], most = 12): string {
  const shown = names.slice(0, most).map((name) => `\`${name}\``);
  const rest = names.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ');
}
