import { describe, expect, it } from 'vitest';
import { StageError } from '../../src/contract/stage-context.ts';

class Subclass extends StageError {}

/** A stage error as another bundle makes it, with its own copy of the class. */
const foreign = Object.assign(new Error('no such model'), { name: 'StageError', hint: 'pull it' });

describe('a stage error', () => {
  it('is known by its name, whichever bundle made it', () => {
    expect(foreign instanceof StageError).toBe(true);
    expect(new StageError('x') instanceof StageError).toBe(true);
    expect(new Subclass('x') instanceof StageError).toBe(true);
  });

  it('is no other error and no other value', () => {
    expect(new Error('x') instanceof StageError).toBe(false);
    expect({ name: 'StageError' } instanceof StageError).toBe(false);
    expect(new StageError('x') instanceof Subclass).toBe(false);
  });
});
