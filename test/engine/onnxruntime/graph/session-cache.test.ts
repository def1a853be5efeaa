import { afterEach, describe, expect, it } from 'vitest';
import { type Program, programFor } from '../../../../src/engine/onnxruntime/graph/program.ts';
import { SessionCache } from '../../../../src/engine/onnxruntime/graph/session-cache.ts';
import { known, type Operand, record } from '../../../../src/engine/onnxruntime/graph/trace.ts';

/** exp(…exp(x)…) of `length` elements, `depth` times. */
function chain(length: number, depth = 2): Program {
  let x: Operand = known(new Float32Array(length), [length], 'float32');
  for (let i = 0; i < depth; i++) x = record('Exp', [x], [length], 'float32');
  return programFor([x.value]);
}

describe('the sessions that are kept', () => {
  let cache = new SessionCache(true);
  afterEach(() => {
    cache.dispose();
    cache = new SessionCache(true);
  });

  it('serve every program of the same structure', () => {
    expect(cache.get(chain(8))).toBe(cache.get(chain(8)));
    expect(cache.get(chain(9))).not.toBe(cache.get(chain(8)));
    expect(cache.compiled).toBe(2);
  });

  it('are 64 at most, and the least recently used goes first', () => {
    for (let length = 1; length <= 64; length++) cache.get(chain(length));
    cache.get(chain(1));
    cache.get(chain(65));
    expect(cache.compiled).toBe(65);
    cache.get(chain(1));
    expect(cache.compiled).toBe(65);
    cache.get(chain(2));
    expect(cache.compiled).toBe(66);
  });
});
