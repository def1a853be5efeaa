/** Something that a user of the command line can fix; shown without a stack. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly hint: string | undefined;

  /** Some verbs are bundles of their own, with their copy of this class: the name tells, not the copy. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'UserError';
  }

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
