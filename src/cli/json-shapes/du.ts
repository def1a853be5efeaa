import { Type } from 'typebox';
import { type Described, exact } from '../../contract/shapes.ts';

const bytes = (description: string) => Type.Integer({ minimum: 0, description });

const usage = {
  results: Type.Integer({ minimum: 0 }),
  bytes: bytes('of all objects that its results are made of'),
  own_bytes: bytes('of those that no other in this list has a part in'),
};

/** What `pipe du --json` prints. */
export const duShape = exact(
  {
    artifacts: Type.String(),
    types: Type.Array(exact({ uses: Type.String(), ...usage }), {
      description: 'stage types, the largest first',
    }),
    runs: Type.Array(
      exact({
        run: Type.String(),
        pipeline: Type.String(),
        tags: Type.Array(Type.String()),
        ...usage,
        folder_bytes: bytes("of the run's own folder: events and logs"),
      }),
      { description: 'the newest first' },
    ),
    input_bytes: bytes('of stored input files that are no results'),
    unused_bytes: bytes('of objects that belong to no result or input file'),
    object_bytes: bytes('of all objects'),
    folders: Type.Array(
      exact({ folder: Type.String(), holds: Type.String(), bytes: bytes('of all its files') }),
      {
        description: 'all else that is written',
      },
    ),
    bytes: bytes('of the whole artifacts folder'),
  },
  'pipe du --json',
);

export type DuDocument = Described<typeof duShape>;
