import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadEngine } from '../../../src/engine/load-engine.ts';
import { generate } from '../../../src/model/generation/generate.ts';
import { type PenaltyOptions, penalised } from '../../../src/model/generation/penalties.ts';
import { candidates, likeliest } from '../../../src/model/generation/sampling.ts';
import { tinyGpt2 } from '../tiny-gpt2.ts';

interface Golden {
  readonly cases: readonly {
    readonly options: PenaltyOptions;
    readonly text: readonly number[];
    readonly scores: readonly number[];
    /** Null for what may not follow. */
    readonly expected: readonly (number | null)[];
  }[];
  readonly replies: readonly {
    readonly options: PenaltyOptions;
    readonly prompt: readonly number[];
    readonly reply: readonly number[];
  }[];
}
const golden: Golden = JSON.parse(
  readFileSync(new URL('../../golden/penalties.json', import.meta.url), 'utf8'),
);

describe('penalties', () => {
  it.each(golden.cases)(
    '$options of the text $text change scores as transformers does',
    ({ options, text, scores, expected }) => {
      const changed = penalised(Float32Array.from(scores), text, options);
      expect([...changed]).toEqual(
        expected.map((score) => (score === null ? -Infinity : Math.fround(score))),
      );
    },
  );

  it.each(['cpu', 'onnxruntime'] as const)(
    'give the greedy replies of transformers on %s',
    async (engine) => {
      await loadEngine(engine);
      const model = tinyGpt2(true);
      for (const { options, prompt, reply } of golden.replies) {
        const [found] = await generate(model, [prompt], {
          maxNewTokens: 14,
          endOfText: 60,
          choose: (scores, _, text) => likeliest(penalised(scores, text, options)),
        });
        expect(found, JSON.stringify(options)).toEqual(reply);
      }
      model.dispose();
    },
  );

  it('draw nothing that may not follow, and leave something where everything would be a repetition', () => {
    const scores = Float32Array.of(3, 2, 1);
    const once = { repetitionPenalty: 1, noRepeatNgramSize: 1 };
    expect(candidates(penalised(scores, [0, 2], once), { temperature: 1 }).tokens).toEqual([1]);
    expect([...penalised(scores, [0, 1, 2], once)]).toEqual([3, 2, 1]);
  });
});
