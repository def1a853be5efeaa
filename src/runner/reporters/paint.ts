import { styleText } from 'node:util';
import type { Output } from './reporter.ts';

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Styles a text, or gives it back where the output takes no colours. */
export type Paint = (style: Style, text: string) => string;

/** Colours as the output allows them: on a terminal, and as NO_COLOR and FORCE_COLOR say. */
export function paintFor(output: Output): Paint {
  return (style, text) => styleText(style, text, { stream: output });
}

/** Whether texts for this output are coloured. */
export function hasColors(output: Output): boolean {
  return paintFor(output)('bold', 'x') !== 'x';
}

export const noPaint: Paint = (_style, text) => text;
