import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newJobName } from '../../../../src/runner/executor/kubernetes/job-of.ts';

describe('the name of a Job', () => {
  it('is one that Kubernetes takes, for any stage, and is never the same', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constant('train[learning_rate=1e-5]')), (stage) => {
        const name = newJobName(stage);
        // A pod's name has six more characters, and is a host name.
        expect(name).toMatch(/^[a-z]([-a-z0-9]{0,55}[a-z0-9])?$/);
        expect(newJobName(stage)).not.toBe(name);
      }),
    );
  });
});
