import { gpt2Pieces } from '../gpt2-pieces.ts';
import { patternOf } from './pattern.ts';
import { type PartValues, shortly, stepsOf, UnsupportedPart } from './unsupported-part.ts';

/** How a text is cut into the pieces within which pairs are joined. */
export interface Pieces {
  /** `isStart`: the text is the beginning of a whole one. */
  cut(text: string, isStart: boolean): readonly string[];
  /** Pairs are joined on the bytes of a piece, and not on its characters. */
  readonly onBytes: boolean;
}

type Step = (piece: string, isStart: boolean) => readonly string[];

const KNOWN = 'ByteLevel, Digits, Split, Metaspace and a Sequence of these are read';

/** The `pre_tokenizer` of a tokenizer.json. Throws UnsupportedPart. */
export function piecesOf(part: unknown): Pieces {
  const parts = stepsOf(part, 'pretokenizers');
  const onBytes = parts.some(({ type }) => type === 'ByteLevel');
  if (onBytes && parts.at(-1)?.type !== 'ByteLevel')
    throw new UnsupportedPart(
      'its pre_tokenizer has ByteLevel before its end, which is not supported',
      KNOWN,
    );
  const steps = parts.map(stepOf);
  const cut = (text: string, isStart: boolean) =>
    steps.reduce<readonly string[]>(
      (pieces, step) => pieces.flatMap((piece, i) => step(piece, isStart && i === 0)),
      text === '' ? [] : [text],
    );
  return { cut, onBytes };
}

function stepOf(step: PartValues): Step {
  const { type } = step;
  if (type === 'ByteLevel') return byteLevel(step);
  if (type === 'Digits') {
    const behavior = step.individual_digits === true ? 'Isolated' : 'Contiguous';
    return (piece) => cutAt(piece, NUMBER, behavior, false);
  }
  if (type === 'Split') {
    const { behavior, invert } = step;
    const places = patternOf(step.pattern);
    if (!isBehavior(behavior))
      throw new UnsupportedPart(
        `its pre_tokenizer splits by ${shortly(behavior)}`,
        `${BEHAVIORS.join(', ')} are known`,
      );
    return (piece) => cutAt(piece, places, behavior, invert === true);
  }
  if (type === 'Metaspace') return metaspace(step);
  throw new UnsupportedPart(`its pre_tokenizer has ${shortly(type)}, which is not supported`, KNOWN);
}

const NUMBER = patternOf({ Regex: '\\p{N}' });

function byteLevel({ add_prefix_space, use_regex }: PartValues): Step {
  const pieces = (text: string) => (use_regex === false ? [text] : gpt2Pieces(text));
  if (add_prefix_space !== true) return pieces;
  return (text) => pieces(text.startsWith(' ') ? text : ` ${text}`);
}

/** Spaces become visible marks, with one before the text, and a piece begins with one. */
function metaspace({ replacement, prepend_scheme, add_prefix_space, split }: PartValues): Step {
  const scheme = prepend_scheme ?? (add_prefix_space === false ? 'never' : 'always');
  if (typeof replacement !== 'string' || Array.from(replacement).length !== 1)
    throw new UnsupportedPart(
      `its Metaspace replaces spaces by ${shortly(replacement)}`,
      'one character is known',
    );
  if (scheme !== 'always' && scheme !== 'first' && scheme !== 'never')
    throw new UnsupportedPart(
      `its Metaspace has the prepend_scheme ${shortly(scheme)}`,
      'always, first, never are known',
    );
  const mark = patternOf({ String: replacement });
  return (text, isStart) => {
    const marked = text.replaceAll(' ', replacement);
    const before = scheme === 'always' || (scheme === 'first' && isStart);
    const whole = before && !marked.startsWith(replacement) ? `${replacement}${marked}` : marked;
    return split === false ? [whole] : cutAt(whole, mark, 'MergedWithNext', false);
  };
}

const BEHAVIORS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const;
type Behavior = (typeof BEHAVIORS)[number];

function isBehavior(value: unknown): value is Behavior {
  return BEHAVIORS.some((known) => known === value);
}

/** A part of a text that a pattern matches, or that is between two that it matches. */
interface Stretch {
  readonly text: string;
  readonly isMatch: boolean;
}

/** Cuts a text at the matches of a pattern as the library `tokenizers` does (SplitDelimiterBehavior). */
function cutAt(text: string, places: RegExp, behavior: Behavior, invert: boolean): readonly string[] {
  const stretches = stretchesOf(text, places, invert);
  switch (behavior) {
    case 'Removed':
      return stretches.filter(({ isMatch }) => !isMatch).map((stretch) => stretch.text);
    case 'Isolated':
      return stretches.map((stretch) => stretch.text);
    case 'Contiguous':
      return joinedWhere(stretches, (one, before) => one.isMatch === before.isMatch);
    case 'MergedWithPrevious':
      return joinedWhere(stretches, (one, before) => one.isMatch && !before.isMatch);
    case 'MergedWithNext':
      return joinedWhere(stretches, (one, before) => before.isMatch && !one.isMatch);
  }
}

function joinedWhere(
  stretches: readonly Stretch[],
  belongs: (one: Stretch, before: Stretch) => boolean,
): readonly string[] {
  const joined: string[] = [];
  for (const [i, one] of stretches.entries()) {
    const before = stretches[i - 1];
    if (before !== undefined && belongs(one, before)) joined[joined.length - 1] += one.text;
    else joined.push(one.text);
  }
  return joined;
}

function stretchesOf(text: string, places: RegExp, invert: boolean): readonly Stretch[] {
  const stretches: Stretch[] = [];
  const add = (from: number, to: number, isMatch: boolean) => {
    if (to > from) stretches.push({ text: text.slice(from, to), isMatch: isMatch !== invert });
  };
  let end = 0;
  for (const { 0: match, index } of text.matchAll(places)) {
    add(end, index, false);
    add(index, index + match.length, true);
    end = index + match.length;
  }
  add(end, text.length, false);
  return stretches;
}
