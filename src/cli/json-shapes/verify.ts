import { Type } from 'typebox';
import { type Described, digestShape, exact } from '../../contract/shapes.ts';

const count = (description: string) => Type.Integer({ minimum: 0, description });

/** What `pipe verify --json` prints. */
export const verifyShape = exact(
  {
    artifacts: Type.String(),
    results: count('records that were read'),
    objects: count('objects that were hashed'),
    bytes: count('that were hashed'),
    damaged: Type.Array(Type.String(), { description: 'what was damaged: a message each; it is put aside' }),
    lost: Type.Array(
      exact({ action: digestShape, uses: Type.String(), outputs: Type.Array(Type.String()) }),
      { description: 'results with outputs that are not here: they are made again when somebody needs them' },
    ),
    rebuilt: Type.Array(
      exact({
        stage: Type.String(),
        action: digestShape,
        differing: Type.Array(Type.String(), { description: 'outputs that came out differently' }),
      }),
      { description: 'stages that were run again, with `--rebuild`' },
    ),
  },
  'pipe verify --json',
);

export type VerifyDocument = Described<typeof verifyShape>;
