import { patternOf } from './pattern.ts';
import { type PartValues, shortly, stepsOf, UnsupportedPart } from './unsupported-part.ts';

const KNOWN = 'NFC, NFD, NFKC, NFKD, Prepend, Replace and a Sequence of these are read';
const FORMS: readonly unknown[] = ['NFC', 'NFD', 'NFKC', 'NFKD'];

/** What changes a text before it is cut into pieces: the `normalizer` of a tokenizer.json. Throws UnsupportedPart. */
export function normalizerOf(part: unknown): (text: string) => string {
  const steps = stepsOf(part, 'normalizers').map(stepOf);
  return (text) => steps.reduce((changed, step) => step(changed), text);
}

function stepOf(step: PartValues): (text: string) => string {
  const { type, prepend, pattern, content } = step;
  if (FORMS.includes(type)) return (text) => text.normalize(String(type));
  if (type === 'Prepend' && typeof prepend === 'string')
    return (text) => (text === '' ? '' : `${prepend}${text}`);
  if (type === 'Replace' && typeof content === 'string') {
    const places = patternOf(pattern);
    return (text) => text.replace(places, () => content);
  }
  throw new UnsupportedPart(`its normalizer has ${shortly(type)}, which is not supported`, KNOWN);
}
