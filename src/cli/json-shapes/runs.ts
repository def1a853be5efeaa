import { Type } from 'typebox';
import {
  anyJson,
  type Described,
  digestShape,
  exact,
  mapOf,
  millisecondsShape,
  oneOf,
  timeShape,
} from '../../contract/shapes.ts';
import { outcomeShape } from '../../runner/events/run-event.ts';

const variantShape = exact({
  name: Type.String({ description: 'label of the variant; empty without a sweep' }),
  parameters: mapOf(anyJson()),
  metrics: mapOf(Type.Union([Type.Number(), Type.Null()])),
});

const about = {
  run: Type.String(),
  pipeline: Type.String(),
  file: Type.String(),
  started: timeShape,
  outcome: oneOf(['succeeded', 'failed', 'cancelled', 'unfinished'], 'unfinished: it runs, or was killed'),
  duration_ms: Type.Optional(millisecondsShape),
  commit: Type.Optional(Type.String({ description: 'git commit of the folder of the pipeline file' })),
  clean: Type.Optional(Type.Boolean({ description: 'false: there were changes that are not in the commit' })),
  variants: Type.Array(variantShape),
};

/** What `pipe runs --json` prints. */
export const runsShape = exact(
  { artifacts: Type.String(), runs: Type.Array(exact(about), { description: 'newest first' }) },
  'pipe runs --json',
);

/** What `pipe show --json` prints. */
export const runShape = exact(
  {
    ...about,
    command: Type.String(),
    host: Type.String(),
    versions: mapOf(Type.String()),
    engine: Type.Optional(Type.String()),
    stages: Type.Array(
      exact({
        stage: Type.String(),
        uses: Type.String(),
        outcome: Type.Optional(outcomeShape),
        reason: Type.Optional(Type.String()),
        duration_ms: Type.Optional(millisecondsShape),
        action: Type.Optional(digestShape),
      }),
    ),
  },
  'pipe show --json',
);

const changeShape = exact({
  path: Type.String(),
  before: Type.Optional(anyJson('absent: it was not there')),
  after: Type.Optional(anyJson('absent: it is not there any more')),
});

/** What `pipe diff --json` prints. */
export const runDiffShape = exact(
  {
    before: Type.String(),
    after: Type.String(),
    about: Type.Array(changeShape, { description: 'commit, versions, parameters' }),
    stages: Type.Array(
      exact({
        stage: Type.String(),
        change: oneOf(['only before', 'only after', 'changed', 'unknown'], 'unknown: a record is gone'),
        changes: Type.Array(changeShape),
      }),
      { description: 'stages that are not the same action' },
    ),
  },
  'pipe diff --json',
);

export type RunsDocument = Described<typeof runsShape>;
export type RunLine = RunsDocument['runs'][number];
export type RunDocument = Described<typeof runShape>;
export type RunDiff = Described<typeof runDiffShape>;
