import type { ExecutorProfile } from './executor-profile.ts';

/** Whether its machines keep the secrets of stages themselves, so that nobody needs them here. */
export function keepsSecrets({ kind }: ExecutorProfile): boolean {
  return kind === 'kubernetes';
}
