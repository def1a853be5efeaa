import { Type } from 'typebox';
import { type Described, digestShape, exact, timeShape } from '../../contract/shapes.ts';

const bytes = (description: string) => Type.Integer({ minimum: 0, description });

/** What `pipe gc --json` prints. */
export const gcShape = exact(
  {
    artifacts: Type.String(),
    dry_run: Type.Boolean({ description: 'true: nothing was removed' }),
    actions: Type.Array(
      exact({
        action: digestShape,
        uses: Type.String(),
        last_used: timeShape,
        bytes: bytes('of the objects that go with it'),
      }),
      { description: 'results that go, the longest unused first' },
    ),
    runs: Type.Array(Type.String(), { description: 'runs that go, the oldest first' }),
    work: Type.Array(Type.String(), { description: 'unfinished work that goes, by action' }),
    kept: Type.Array(exact({ run: Type.String(), reason: Type.String() }), {
      description: 'the newest first',
    }),
    objects: Type.Integer({ minimum: 0, description: 'objects that go' }),
    bytes_before: bytes('of all objects'),
    bytes_after: bytes('of all objects'),
  },
  'pipe gc --json',
);

export type GcDocument = Described<typeof gcShape>;
