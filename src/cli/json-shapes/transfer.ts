import { Type } from 'typebox';
import { bytesShape, type Described, exact } from '../../contract/shapes.ts';

const about = {
  remote: Type.String({ description: 'address of the remote cache' }),
  file: Type.String(),
  complete: Type.Boolean({
    description: 'false: the store could not be used, or something was refused or is missing',
  }),
  problems: Type.Array(Type.String(), { description: 'what was wrong, a message each' }),
};

/** What `pipe push --json` prints. */
export const pushShape = exact(
  {
    ...about,
    results: Type.Array(Type.String(), { description: 'stages whose results are in the store now' }),
    stale: Type.Array(Type.String(), { description: 'stages that are not up to date, and were left out' }),
    sent_bytes: bytesShape,
  },
  'pipe push --json',
);

/** What `pipe pull --json` prints. */
export const pullShape = exact(
  {
    ...about,
    inputs: Type.Array(
      exact({
        stage: Type.String(),
        input: Type.String(),
        bytes: bytesShape,
        here: Type.Boolean({ description: 'false: nobody has it' }),
      }),
      { description: 'what the stages read' },
    ),
    received_bytes: bytesShape,
  },
  'pipe pull --json',
);

export type PushDocument = Described<typeof pushShape>;
export type PullDocument = Described<typeof pullShape>;
