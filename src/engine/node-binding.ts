import { createRequire } from 'node:module';

/**
 * Loads tfjs-node or tfjs-node-gpu, which register their backend, `tensorflow`, in the same global engine as ours,
 * whichever copy of tfjs-core npm gave them. Throws if the package is not installed.
 */
export async function startNodeBinding(packageName: string): Promise<void> {
  // Their 4.22 release calls functions that Node 23 removed from `util`.
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  await import(packageName);
}
