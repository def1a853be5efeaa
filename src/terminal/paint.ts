import { randomUUID } from 'node:crypto';
import { inspect, styleText } from 'node:util';
import type { Output } from './output.ts';

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Styles a text, or gives it back where the output takes no colours. */
export type Paint = (style: Style, text: string) => string;

/**
 * Stands for `ESC [` in painted texts until they are written (show.ts): no text of a program, file or server can hold
 * it, so an escape sequence that they bring differs from ours.
 */
export const OWN_ESCAPE = `\u{fdd0}${randomUUID()}`;

/** Colours as the output allows them: on a terminal, and as NO_COLOR and FORCE_COLOR say. */
export function paintFor(output: Output): Paint {
  if (styleText('bold', 'x', { stream: output }) === 'x') return noPaint;
  return (style, text) => {
    const [open, close] = inspect.colors[style]!;
    return `${OWN_ESCAPE}${open}m${text}${OWN_ESCAPE}${close}m`;
  };
}

export const noPaint: Paint = (_style, text) => text;
