/** Is set in the process that `pipe run --detach` starts, and in none of its own processes. */
export const BACKGROUND_VARIABLE = 'PIPE_IN_BACKGROUND';

/** What the process in the background sends when its run has begun. */
export interface Begun {
  readonly run: string;
}

/** Tells the process that has started this one in the background, if one has, that its run has begun. */
export function tellBegun(run: string): void {
  if (process.env[BACKGROUND_VARIABLE] === undefined || process.send === undefined) return;
  delete process.env[BACKGROUND_VARIABLE];
  const begun: Begun = { run };
  process.send(begun, () => process.disconnect());
}
