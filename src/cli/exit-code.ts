/** How a verb ended, as the shell sees it. */
export const EXIT = {
  done: 0,
  /** A stage failed, or something that was to be done could not be. */
  failed: 1,
  /** The pipeline or the arguments are wrong. */
  usage: 2,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
