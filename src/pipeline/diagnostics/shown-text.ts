import { shownCharacter, UNSEEN } from '../../terminal/display-width.ts';

/** Longest word of a message, and longest message, in UTF-16 code units. */
const WORD = 200;
const MESSAGE = 2000;

/**
 * A message with what users wrote in it, fit to be shown: long words and long messages are cut in the middle, control
 * characters are pictures (␛). So whoever makes a message need not know how long or hostile a name is.
 */
export function shownText(message: string): string {
  const short = message.replace(/\S{201,}/g, (word) => cutMiddle(word, WORD));
  return cutMiddle(short, MESSAGE).replace(UNSEEN, shownCharacter);
}

function cutMiddle(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = Math.floor(most / 4);
  // Neither cut may leave half of a pair.
  return `${text.slice(0, most - end)}…${text.slice(-end)}`.toWellFormed();
}
