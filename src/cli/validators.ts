import { createValidators } from '../pipeline/schema/compile-validators.ts';
import type { Validators } from '../pipeline/schema/validator.ts';
import { stageTypes } from '../stages/index.ts';

/** Validators of the pipeline language and of every stage type. scripts/build.mjs puts compiled ones in this place. */
export const validators: Validators = createValidators(stageTypes);
