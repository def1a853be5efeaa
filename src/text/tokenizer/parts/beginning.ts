import { isObject } from '../../../contract/json.ts';
import { shortly, stepsOf, UnsupportedPart } from './unsupported-part.ts';

const KNOWN = 'ByteLevel and TemplateProcessing with tokens before the text are read';

/** The ids that the `post_processor` of a tokenizer.json puts before each text. Throws UnsupportedPart where it adds others. */
export function beginningOf(part: unknown): readonly number[] {
  return stepsOf(part, 'processors').flatMap((step) => {
    if (step.type === 'ByteLevel') return [];
    if (step.type !== 'TemplateProcessing' || !Array.isArray(step.single))
      throw new UnsupportedPart(`its post_processor is ${shortly(step.type)}, which is not supported`, KNOWN);
    const single: readonly unknown[] = step.single;
    const at = single.findIndex((piece) => isObject(piece) && 'Sequence' in piece);
    if (at !== single.length - 1)
      throw new UnsupportedPart(
        'its post_processor puts tokens after each text, which is not supported',
        KNOWN,
      );
    return single.slice(0, -1).flatMap((piece) => idsOf(piece, step.special_tokens));
  });
}

function idsOf(piece: unknown, special: unknown): readonly number[] {
  const { id } = Object((isObject(piece) && piece.SpecialToken) || undefined);
  const token = typeof id === 'string' && isObject(special) ? special[id] : undefined;
  const ids = isObject(token) ? token.ids : undefined;
  if (Array.isArray(ids) && ids.every((one) => Number.isInteger(one))) return ids.map(Number);
  throw new UnsupportedPart(`its post_processor has ${shortly(piece)} without ids`, KNOWN);
}
