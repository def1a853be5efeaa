/** What can run a script. */
export type Shell = 'bash' | 'sh';

/**
 * Program and arguments before the script, without the user's own settings. A script ends at the first command that fails, as
 * in CI: with what a failed command left, the rest would make a result that nobody asked for. POSIX's shell has no pipefail.
 */
export const SHELLS: Readonly<Record<Shell, readonly string[]>> = {
  bash: ['bash', '--noprofile', '--norc', '-e', '-o', 'pipefail', '-c'],
  sh: ['sh', '-e', '-c'],
};
