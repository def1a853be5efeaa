import { Type } from 'typebox';
import { ENGINE_NAMES } from './engine-name.ts';
import { exact, oneOf } from './shapes.ts';

export const engineNameShape = oneOf(ENGINE_NAMES);

export const engineCandidateShape = exact({
  engine: engineNameShape,
  usable: Type.Boolean(),
  reason: Type.String({ description: 'what proved that it works, or why it does not and how to get it' }),
  advice: Type.Optional(Type.String({ description: 'how to get an engine whose hardware is here' })),
  only_by_name: Type.Optional(
    Type.Literal(true, {
      description: 'works, but `engine: auto` passes over it: software in the place of a GPU',
    }),
  ),
  gflops: Type.Optional(
    Type.Number({ description: 'measured rate of a matrix product, 10^9 operations a second' }),
  ),
});
