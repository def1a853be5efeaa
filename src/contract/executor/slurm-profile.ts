import { type Static, Type } from 'typebox';
import { sharedSettings } from './shared-settings.ts';

/** Goes to `sbatch` as one argument: no line breaks, and nothing that begins an option. */
const WORD = '^[A-Za-z0-9_.,:=@&|*\\[\\]()+/-]{1,200}$';
const word = (description: string) => Type.Optional(Type.String({ pattern: WORD, description }));

/** What pipe gives sbatch itself: another value would lose jobs, or run them twice. */
const OWN_OPTIONS = [
  'array',
  'chdir',
  'error',
  'export',
  'export-file',
  'input',
  'job-name',
  'no-requeue',
  'nodes',
  'ntasks',
  'output',
  'parsable',
  'requeue',
  'test-only',
  'wait',
  'wrap',
];

/** Stages are jobs of a Slurm cluster that sees this artifacts folder under the same path. */
export const SlurmProfile = Type.Object(
  {
    kind: Type.Literal('slurm'),
    partition: word('The partition, or several with commas; the default one of the cluster if absent.'),
    account: word('The account that is charged.'),
    qos: word('The quality of service.'),
    constraint: word('Features that a node must have.'),
    gres: word('The name of a GPU, such as `gpu:a100`; `gpu` if absent. The number is `resources.gpu`.'),
    time: Type.Optional(
      Type.String({
        pattern: '^(\\d+(\\.\\d+)?(s|m|h|d))+$',
        examples: ['12h', '90m'],
        description:
          'Time limit of jobs whose stage has no `timeout`; that of the partition if absent. Slurm counts whole minutes.',
      }),
    ),
    memory: Type.String({
      pattern: '^\\d+(\\.\\d+)? ?(MB|GB|TB|MiB|GiB|TiB)$',
      default: '4GB',
      description: 'Memory of jobs whose stage asks for none: without it a job takes the whole node.',
    }),
    setup: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 10_000,
        examples: ['module load nodejs/20'],
        description: 'Lines of bash that each job runs first, in a login shell on its node.',
      }),
    ),
    options: Type.Optional(
      Type.Array(
        Type.String({
          pattern: `^--(?!(?:${OWN_OPTIONS.join('|')})(?:=|$))[a-z][a-z-]*(=[^\\0\\n]*)?$`,
          examples: ['--reservation=course'],
        }),
        {
          description: 'More options of sbatch, each `--name=value`.',
        },
      ),
    ),
    ...sharedSettings,
  },
  { additionalProperties: false },
);
export type SlurmProfile = Static<typeof SlurmProfile>;
