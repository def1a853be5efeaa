import { Type } from 'typebox';
import { anyJson, type Described, digestShape, exact, mapOf, timeShape } from '../../contract/shapes.ts';
import { explanationShape } from '../../runner/events/explanation.ts';
import { plannedStageShape } from './plan.ts';

/** What `pipe why --json` prints. */
export const whyShape = exact(
  {
    pipeline: Type.String(),
    file: Type.String(),
    stages: Type.Array(
      exact({
        planned: plannedStageShape,
        made: Type.Optional(
          exact({
            run: Type.Optional(Type.String()),
            stage: Type.Optional(
              Type.String({ description: 'what the stage was called then, if that was another name' }),
            ),
            started: Type.Optional(timeShape),
            finished: Type.Optional(timeShape),
            host: Type.Optional(Type.String()),
            engine: Type.Optional(Type.String()),
            settings: mapOf(anyJson()),
            inputs: Type.Array(
              exact({
                input: Type.String(),
                digest: digestShape,
                from: Type.String({ description: 'stage.output, or the path of a file' }),
              }),
            ),
          }),
        ),
        explanations: Type.Array(explanationShape, {
          description:
            'the first one is that of the stage; a cause with `by` continues in the one at that place. Empty: the run that made the result is gone',
        }),
      }),
      { description: 'the stages that the argument names' },
    ),
  },
  'pipe why --json',
);

export type WhyDocument = Described<typeof whyShape>;
