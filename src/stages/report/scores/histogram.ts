import { html, type Markup } from '../../../html/html.ts';

const BINS = 10;
/** In units of the picture. */
const BIN = { width: 26, gap: 3 } as const;
const HEIGHT = 100;
const TOP = 24;
const BOTTOM = 28;

/** How many scores are from 0 to 9, 10 to 19 and so on to 90 to 100, as a picture. */
export function histogram(scores: readonly number[]): Markup {
  const counts = Array.from({ length: BINS }, () => 0);
  for (const score of scores) counts[Math.min(BINS - 1, Math.floor(score / BINS))]! += 1;
  const most = Math.max(...counts, 1);
  const width = BINS * (BIN.width + BIN.gap);
  const words = counts.map((count, bin) => `${range(bin)}: ${count}`).join(', ');
  return html`<svg class="histogram" viewBox="0 0 ${width} ${TOP + HEIGHT + BOTTOM}" role="img" aria-label="Number of scores. ${words}">
${counts.map((count, bin) => {
  const height = (count / most) * HEIGHT;
  const x = bin * (BIN.width + BIN.gap) + BIN.gap / 2;
  const middle = x + BIN.width / 2;
  return html`<rect class="${scoreClass(bin * BINS)}" x="${x}" y="${(TOP + HEIGHT - height).toFixed(1)}" width="${BIN.width}" height="${height.toFixed(1)}"/>${count > 0 ? html`<text x="${middle}" y="${(TOP + HEIGHT - height - 5).toFixed(1)}">${count}</text>` : undefined}<text class="tick" x="${middle}" y="${TOP + HEIGHT + 18}">${bin * BINS}</text>
`;
})}<path class="axis" d="M0 ${TOP + HEIGHT}H${width}"/></svg>`;
}

function range(bin: number): string {
  return bin === BINS - 1 ? '90 to 100' : `${bin * BINS} to ${bin * BINS + BINS - 1}`;
}

/** Colour says a third time what a bar's length and number say. */
export function scoreClass(score: number): 'low' | 'middle' | 'high' {
  return score < 40 ? 'low' : score < 70 ? 'middle' : 'high';
}
