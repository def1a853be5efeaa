import { type TProperties, type TSchema, Type } from '@sinclair/typebox';
import { ENGINE_NAMES } from '../../contract/engine-name.ts';

/** An object with these properties and no others. */
export function exact<Properties extends TProperties>(properties: Properties, description?: string) {
  return Type.Object(properties, {
    additionalProperties: false,
    ...(description === undefined ? {} : { description }),
  });
}

export function oneOf<const Values extends readonly string[]>(values: Values, description?: string) {
  return Type.Union(
    values.map((value) => Type.Literal(value as Values[number])),
    description === undefined ? {} : { description },
  );
}

export function mapOf<Value extends TSchema>(value: Value) {
  return Type.Record(Type.String(), value);
}

export const bytesShape = Type.Integer({ minimum: 0, description: 'bytes' });
export const digestShape = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'sha256' });
export const millisecondsShape = Type.Number({ minimum: 0, description: 'milliseconds' });
export const timeShape = Type.String({ description: 'ISO 8601, UTC' });
export const engineNameShape = oneOf(ENGINE_NAMES);

export const engineCandidateShape = exact({
  engine: engineNameShape,
  usable: Type.Boolean(),
  reason: Type.String({ description: 'what proved that it works, or why it does not and how to get it' }),
  only_by_name: Type.Optional(
    Type.Literal(true, {
      description: 'works, but `engine: auto` passes over it: software in the place of a GPU',
    }),
  ),
  gflops: Type.Optional(
    Type.Number({ description: 'measured rate of a matrix product, 10^9 operations a second' }),
  ),
});

export const outcomeShape = oneOf(['hit', 'ran', 'failed', 'skipped', 'cancelled']);

export const reasonShape = exact({
  code: oneOf([
    'cached',
    'cached-not-verified',
    'never-run',
    'changed',
    'observed-changed',
    'output-lost',
    'forced',
    'upstream',
    'upstream-failed',
    'failed',
    'cancelled',
    'finished-elsewhere',
  ]),
  message: Type.String({ description: 'the reason for people' }),
  changes: Type.Optional(
    Type.Array(
      exact({
        path: Type.String({ description: 'settings.learning_rate, inputs.model, env.SEED, version' }),
        before: Type.Optional(Type.Any({ description: 'absent: it was not there' })),
        after: Type.Optional(Type.Any({ description: 'absent: it is not there any more' })),
      }),
    ),
  ),
  compared_with: Type.Optional(
    Type.String({ description: 'another stage, which the changes are to; absent: to the stage itself' }),
  ),
  after: Type.Optional(Type.Array(Type.String(), { description: 'the stages that decide' })),
});

/** Stages of a run by how they ended. */
export const countsShape = exact({
  hit: Type.Integer(),
  ran: Type.Integer(),
  failed: Type.Integer(),
  skipped: Type.Integer(),
  cancelled: Type.Integer(),
});
