import { Type } from 'typebox';

/** Settings of every executor for other machines. */
export const sharedSettings = {
  jobs: Type.Integer({
    minimum: 1,
    maximum: 100_000,
    default: 1000,
    description:
      'At most this many stages are handed in at once. They do not count as `--jobs` of this machine.',
  }),
  at_least: Type.Optional(
    Type.Object(
      {
        cpu: Type.Optional(Type.Number({ minimum: 0, description: 'Processor cores.' })),
        gpu: Type.Optional(Type.Integer({ minimum: 0, description: 'GPUs.' })),
        memory: Type.Optional(
          Type.String({
            pattern: '^\\d+(\\.\\d+)? ?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$',
            description: 'Memory, as under `resources`.',
          }),
        ),
      },
      {
        additionalProperties: false,
        description:
          'As the executor of a whole pipeline it takes only the stages that ask for as much under `resources`; the others run here.',
      },
    ),
  ),
};
