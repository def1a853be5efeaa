import { Type } from 'typebox';

/** Bound of a downloaded file: an endless body must not fill the disk. The largest GPT-2 is a third of it. */
export const maxBytes = Type.Integer({
  affects: 'execution',
  default: 20_000_000_000,
  minimum: 1,
  description: 'Most bytes that one downloaded file may have. A larger one is refused.',
});
