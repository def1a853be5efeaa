import { type Static, Type } from 'typebox';
import { sharedSettings } from './shared-settings.ts';

/** Goes to `sbatch` as one argument: no line breaks, and nothing that begins an option. */
const WORD = '^[A-Za-z0-9_.,:=@&|*\\[\\]()+/-]{1,200}$';
const word = (description: string) => Type.Optional(Type.String({ pattern: WORD, description }));

/** Stages are jobs of a Slurm cluster that sees this artifacts folder under the same path. */
export const SlurmProfile = Type.Object(
  {
    kind: Type.Literal('slurm'),
    partition: word('The partition; the default one of the cluster if absent.'),
    account: word('The account that is charged.'),
    qos: word('The quality of service.'),
    constraint: word('Features that a node must have.'),
    gres: word('What a GPU is called there, such as `gpu:a100`; the number comes from `resources.gpu`.'),
    time: Type.Optional(
      Type.String({
        pattern: '^(\\d+(\\.\\d+)?(s|m|h|d))+$',
        examples: ['12h', '90m'],
        description: 'Time limit of jobs whose stage has no `timeout`.',
      }),
    ),
    memory: Type.String({
      pattern: '^\\d+(\\.\\d+)? ?(MB|GB|TB|MiB|GiB|TiB)$',
      default: '4GB',
      description: 'Memory of jobs whose stage asks for none: without it a job takes the whole node.',
    }),
    options: Type.Optional(
      Type.Array(Type.String({ pattern: '^--[a-z][a-z-]*(=[^\\0\\n]*)?$' }), {
        description: 'More options of sbatch, each `--name=value`.',
      }),
    ),
    ...sharedSettings,
  },
  { additionalProperties: false },
);
export type SlurmProfile = Static<typeof SlurmProfile>;
