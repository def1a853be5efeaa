import type { TSchema } from 'typebox';
import { comparisonShape } from '../../comparison/comparison.ts';
import { runEventShape } from '../../runner/events/run-event.ts';
import { doctorShape } from './doctor.ts';
import { duShape } from './du.ts';
import { gcShape } from './gc.ts';
import { planShape } from './plan.ts';
import { runDiffShape, runShape, runsShape } from './runs.ts';
import { statusShape } from './status.ts';
import { pullShape, pushShape } from './transfer.ts';
import { verifyShape } from './verify.ts';
import { whyShape } from './why.ts';

/** JSON Schemas of what verbs print with `--json`, by the name of their file in schemas/. */
export const outputSchemas: Readonly<Record<string, TSchema>> = {
  'run-event': published(runEventShape),
  plan: published(planShape),
  status: published(statusShape),
  doctor: published(doctorShape),
  runs: published(runsShape),
  run: published(runShape),
  'run-diff': published(runDiffShape),
  comparison: published(comparisonShape),
  gc: published(gcShape),
  du: published(duShape),
  verify: published(verifyShape),
  why: published(whyShape),
  push: published(pushShape),
  pull: published(pullShape),
};

function published(shape: TSchema): TSchema {
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...shape };
}
