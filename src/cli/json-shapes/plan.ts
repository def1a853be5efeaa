import { Type } from 'typebox';
import {
  bytesShape,
  type Described,
  digestShape,
  exact,
  millisecondsShape,
  oneOf,
} from '../../contract/shapes.ts';
import { reasonShape } from '../../runner/events/run-event.ts';

const unknown = Type.Array(Type.String(), { description: 'stages of which it is not known' });

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
  expected: Type.Optional(
    exact(
      {
        duration_ms: Type.Optional(millisecondsShape),
        output_bytes: Type.Optional(bytesShape),
        download_bytes: Type.Optional(
          Type.Union([bytesShape, Type.Null()], { description: 'null: not known' }),
        ),
      },
      'what it took when it ran last; only `pipe plan` gives it, of stages that run or may run',
    ),
  ),
});

/** What `pipe plan --json` prints. */
export const planShape = exact(
  {
    pipeline: Type.String(),
    file: Type.String(),
    stages: Type.Array(plannedStageShape, { description: 'producers before consumers' }),
    expected: exact(
      {
        duration_ms: millisecondsShape,
        unknown_durations: unknown,
        output_bytes: bytesShape,
        unknown_outputs: unknown,
        download_bytes: bytesShape,
        unknown_downloads: unknown,
      },
      'what the run will take, if all that may run does; what is not known counts as nothing',
    ),
    left_out: Type.Optional(
      Type.Array(Type.String(), { description: 'names of stages that their `when` leaves out' }),
    ),
  },
  'pipe plan --json',
);

export type PlanDocument = Described<typeof planShape>;
export type PlannedStageDocument = Described<typeof plannedStageShape>;
