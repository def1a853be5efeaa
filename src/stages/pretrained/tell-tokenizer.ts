import type { StageContext } from '../../contract/stage-context.ts';
import type { ModelTokenizer } from '../../model/files/tokenizer/model-tokenizer.ts';

/** Says which tokenizer the model has, and which of its tokens are left out. */
export function tellTokenizer(
  { tokenizer, base, withoutRow }: ModelTokenizer,
  { log, warnOfResult }: Pick<StageContext<unknown>, 'log' | 'warnOfResult'>,
): void {
  if (tokenizer.encoding === 'model') {
    const built = base === undefined ? '' : `, those of ${base} and added ones`;
    log(`the model has a tokenizer of its own: ${tokenizer.vocabularySize} tokens${built}`);
  } else log(`the model's tokenizer is the encoding ${tokenizer.encoding}`);
  if (withoutRow.length > 0) {
    warnOfResult(
      `The model has no rows for ${withoutRow.length} added tokens of its tokenizer (${withoutRow.slice(0, 3).join(', ')}${withoutRow.length > 3 ? ', …' : ''}): they are left out.`,
    );
  }
}
