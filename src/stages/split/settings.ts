import { type Static, Type } from 'typebox';

const size = (usual: number, description: string) =>
  Type.Number({ affects: 'result', default: usual, exclusiveMinimum: 0, description });

export const splitSettings = Type.Object(
  {
    train: size(
      0.85,
      'Records to train on: a share of all, rounded down to whole records, or from 1 on their number.',
    ),
    test: size(
      0.1,
      'Records to test on: a share or a number; the rest are for validation. Without effect if there is an input `test`.',
    ),
    order: Type.Union([Type.Literal('file'), Type.Literal('shuffled')], {
      affects: 'result',
      default: 'file',
      description:
        'How records are laid out before they are cut: `file` keeps their order; `shuffled` draws one by `seed`, for data that is sorted.',
    }),
    seed: Type.Optional(
      Type.Integer({
        affects: 'result',
        minimum: 0,
        description:
          'Of the order `shuffled`, by default 123: the permutation that torch.randperm gives after torch.manual_seed.',
      }),
    ),
    stratify: Type.Optional(
      Type.String({
        affects: 'result',
        minLength: 1,
        description:
          'Field of the records (see `keep` of `format`): each of its values has the same shares in all parts, to within one record.',
      }),
    ),
    group: Type.Optional(
      Type.String({
        affects: 'result',
        minLength: 1,
        description:
          'Field of the records whose values are never on two sides; or `similar`: records with almost the same question (as `duplicates` finds them) or equal prompts stay together. The records of a conversation always do.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type SplitSettings = Static<typeof splitSettings>;
