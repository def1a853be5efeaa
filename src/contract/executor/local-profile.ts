import { type Static, Type } from 'typebox';

/** Stages run on the machine of the runner. */
export const LocalProfile = Type.Object({ kind: Type.Literal('local') }, { additionalProperties: false });
export type LocalProfile = Static<typeof LocalProfile>;
