import { Type } from 'typebox';
import {
  type Described,
  digestShape,
  exact,
  mapOf,
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
        counts: Type.Optional({ ...countsShape, description: 'of a run that has not ended: so far' }),
        left: Type.Optional(
          exact(
            {
              left_ms: millisecondsShape,
              unknown: Type.Integer({
                minimum: 0,
                description: 'stages of which nobody knows how long they take',
              }),
            },
            'how long a run that works will still take; absent where too little is known',
          ),
        ),
        stages: Type.Optional(
          Type.Integer({ description: 'how many stages the run has; absent where it never said' }),
        ),
      }),
      { description: 'the last ones, newest first' },
    ),
    running: Type.Array(
      exact({
        action: digestShape,
        holder: Type.String(),
        stage: Type.Optional(Type.String()),
        run: Type.Optional(Type.String({ description: 'the run that works on it' })),
        started: Type.Optional({ ...timeShape, description: 'when the present attempt started' }),
        progress: Type.Optional(
          exact(
            {
              done: Type.Number(),
              total: Type.Union([Type.Number(), Type.Null()]),
              unit: Type.String(),
              percent: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
              left_ms: Type.Optional(millisecondsShape),
              per_second: Type.Optional(Type.Number({ description: 'the rate, in units' })),
              metrics: mapOf(Type.Union([Type.Number(), Type.String()])),
            },
            'how far it is; absent where it does not say',
          ),
        ),
      }),
      { description: 'actions that a live process is at work on' },
    ),
    stages: Type.Optional(Type.Array(plannedStageShape)),
  },
  'pipe status --json',
);

export type Status = Described<typeof statusShape>;
