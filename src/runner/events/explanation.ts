import { Type } from 'typebox';
import { anyJson, type Described, exact, oneOf, timeShape } from '../../contract/shapes.ts';

/** One reason why a stage runs, or ran. What leads no further (`by` is absent) is an origin. */
const causeShape = exact({
  kind: oneOf([
    'setting',
    'input',
    'file',
    'env',
    'version',
    'observed',
    'upstream',
    'never-run',
    'record-gone',
    'output-lost',
    'forced',
    'always',
    'invalidated',
    'failed',
    'retry',
    'unknown',
  ]),
  message: Type.String({ description: 'the cause for people' }),
  change: Type.Optional(
    exact({
      path: Type.String({ description: 'settings.learning_rate, inputs.model, env.SEED, version' }),
      before: Type.Optional(anyJson('absent: it was not there')),
      after: Type.Optional(anyJson('absent: it is not there any more, or nobody has seen it yet')),
    }),
  ),
  parameters: Type.Optional(
    Type.Array(Type.String(), { description: 'parameters of the pipeline that a setting was changed by' }),
  ),
  file: Type.Optional(Type.String({ description: 'absolute path of an input file that changed' })),
  changed_at: Type.Optional(timeShape),
  by: Type.Optional(
    Type.Integer({ minimum: 0, description: 'which explanation of the list says why in its turn' }),
  ),
});

/** Why one stage runs, or ran; the first of a list is of the stage that was asked for. */
export const explanationShape = exact({
  stage: Type.String(),
  state: oneOf(['hit', 'run', 'may-run'], 'hit: it has run; run, may-run: it will, or may'),
  run: Type.Optional(Type.String({ description: 'the run in which it ran' })),
  time: Type.Optional(timeShape),
  causes: Type.Array(causeShape),
});

export type Cause = Described<typeof causeShape>;
export type Explanation = Described<typeof explanationShape>;
