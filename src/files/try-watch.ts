import { type FSWatcher, watch } from 'node:fs';

/**
 * Watches a file or a folder; undefined, or silent from some moment on, where the system cannot (network file systems, a
 * limit of watches). Whoever watches also looks from time to time.
 */
export function tryWatch(
  path: string,
  options: { readonly persistent: boolean },
  onChange: (name: string | null) => void,
): FSWatcher | undefined {
  try {
    const watcher = watch(path, options, (_, name) => onChange(name));
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
