import { Type } from 'typebox';
import { anyJson, type Described, exact, mapOf, millisecondsShape, oneOf } from '../contract/shapes.ts';

const interval = Type.Tuple([Type.Number(), Type.Number()], { description: '95 %' });

const differenceShape = exact({
  to: Type.String({ description: 'name of what it is compared with' }),
  items: Type.Integer({ description: 'items with a value on both sides' }),
  unpaired: Type.Integer({ description: 'items that lack a value on one side' }),
  difference: Type.Union([Type.Number(), Type.Null()], { description: 'this one less the other one' }),
  interval: Type.Union([interval, Type.Null()]),
  p: Type.Union([Type.Number(), Type.Null()], {
    description: 'of a two-sided sign-flip test, corrected for the number of comparisons',
  }),
  greater: Type.Integer(),
  equal: Type.Integer(),
  smaller: Type.Integer(),
  finding: oneOf(['better', 'worse', 'not shown']),
  verdict: Type.String({ description: 'the finding in a sentence' }),
});

const valueShape = exact({
  value: Type.Union([Type.Number(), Type.Null()]),
  items: Type.Optional(Type.Integer()),
  measured: Type.Optional(Type.Integer({ description: 'items that have a value' })),
  interval: Type.Optional(Type.Union([interval, Type.Null()])),
});

/** What `pipe compare --json` prints: rows sorted by the metric, the best first. */
export const comparisonShape = exact(
  {
    metric: Type.Optional(Type.String({ description: 'what rows are sorted and judged by: STAGE.METRIC' })),
    metrics: Type.Array(
      exact({
        name: Type.String(),
        description: Type.String(),
        unit: Type.String(),
        better: oneOf(['higher', 'lower']),
      }),
    ),
    parameters: Type.Array(Type.String(), { description: 'those that differ' }),
    rows: Type.Array(
      exact({
        name: Type.String(),
        parameters: mapOf(anyJson()),
        values: mapOf(valueShape),
        duration_ms: millisecondsShape,
        engines: Type.Array(Type.String()),
        best: Type.Boolean({ description: 'shown to be better than every other' }),
        difference: Type.Optional(differenceShape),
      }),
    ),
    verdict: Type.String(),
    notes: Type.Array(Type.String(), { description: 'what limits the comparison' }),
  },
  'pipe compare --json',
);

export type Comparison = Described<typeof comparisonShape>;
export type Row = Comparison['rows'][number];
export type Value = Described<typeof valueShape>;
export type Difference = Described<typeof differenceShape>;
