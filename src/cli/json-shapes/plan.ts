import { Type } from 'typebox';
import { type Described, digestShape, exact, oneOf } from '../../contract/shapes.ts';
import { reasonShape } from '../../runner/events/run-event.ts';

export const plannedStageShape = exact({
  stage: Type.String({ description: 'id of the stage' }),
  uses: Type.String({ description: 'stage type' }),
  state: oneOf(['hit', 'run', 'may-run'], 'may-run: a stage before it runs, and its new outputs decide'),
  reason: reasonShape,
  action: Type.Optional(digestShape),
  refused: Type.Optional(Type.Literal(true, { description: 'it keeps a run with --frozen from starting' })),
  recorded: Type.Optional(
    Type.Array(exact({ input: Type.String(), path: Type.String(), digest: digestShape }), {
      description: 'input files that are absent: with --frozen the digest on record stands for them',
    }),
  ),
});

/** What `pipe plan --json` prints. */
export const planShape = exact(
  {
    pipeline: Type.String(),
    file: Type.String(),
    stages: Type.Array(plannedStageShape, { description: 'producers before consumers' }),
    leftOut: Type.Optional(
      Type.Array(Type.String(), { description: 'names of stages that their `when` leaves out' }),
    ),
  },
  'pipe plan --json',
);

export type PlannedStageDocument = Described<typeof plannedStageShape>;
