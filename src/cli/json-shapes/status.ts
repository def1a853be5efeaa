import { Type } from 'typebox';
import {
  type Described,
  digestShape,
  exact,
  millisecondsShape,
  oneOf,
  timeShape,
} from '../../contract/shapes.ts';
import { countsShape } from '../../runner/events/run-event.ts';
import { plannedStageShape } from './plan.ts';

/** What `pipe status --json` prints. */
export const statusShape = exact(
  {
    artifacts: Type.String({ description: 'the artifacts folder that this is about' }),
    runs: Type.Array(
      exact({
        run: Type.String(),
        pipeline: Type.String(),
        file: Type.String(),
        started: timeShape,
        outcome: oneOf(
          ['succeeded', 'failed', 'cancelled', 'running', 'unfinished'],
          'running: a live process is at work on a stage of it; unfinished: none is, so it was most likely killed',
        ),
        duration_ms: Type.Optional(millisecondsShape),
        counts: Type.Optional(countsShape),
      }),
      { description: 'the last ones, newest first' },
    ),
    running: Type.Array(
      exact({ action: digestShape, holder: Type.String(), stage: Type.Optional(Type.String()) }),
      { description: 'actions that a live process is at work on' },
    ),
    stages: Type.Optional(Type.Array(plannedStageShape)),
  },
  'pipe status --json',
);

export type Status = Described<typeof statusShape>;
