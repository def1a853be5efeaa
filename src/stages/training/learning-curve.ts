import type { Evaluation } from '../../training/state/history.ts';

const WIDTH = 640;
const HEIGHT = 400;
const PLOT = { left: 56, right: WIDTH - 24, top: 56, bottom: HEIGHT - 48 } as const;

/** Where a value of an axis is on the picture. */
type Scale = (value: number) => number;

/**
 * The learning curve as a picture: training and validation loss over the epochs, with the tokens seen along the
 * upper edge and a ring around the evaluation whose weights were kept, where one was chosen; a self-contained SVG that
 * follows the reader's light or dark scheme. The same history gives the same text. Throws RangeError if there is no evaluation to show.
 */
export function learningCurve(evaluations: readonly Evaluation[]): string {
  const last = evaluations.at(-1);
  if (!last) throw new RangeError('a learning curve needs at least one evaluation');
  const kept = evaluations.find((row) => row.kept);
  const highest = Math.max(...evaluations.flatMap((row) => [row.trainLoss, row.validationLoss]));
  const losses = ticks(highest, 5);
  const top = losses.at(-1)!;
  const lastEpoch = Math.ceil(last.epoch) || 1;
  const x: Scale = (epoch) => PLOT.left + (epoch / lastEpoch) * (PLOT.right - PLOT.left);
  const y: Scale = (loss) => PLOT.bottom - (loss / top) * (PLOT.bottom - PLOT.top);
  const parts = [
    ...losses.map((loss) => lossTick(loss, y)),
    ...ticks(lastEpoch, 8)
      .filter((epoch) => epoch <= lastEpoch)
      .map((epoch) => tick(x(epoch), PLOT.bottom, format(epoch), 'below')),
    ...ticks(last.tokensSeen, 6)
      .filter((tokens) => tokens <= last.tokensSeen)
      .map((tokens) => tick(x(epochAt(tokens, evaluations)), PLOT.top, format(tokens), 'above')),
    `<path class="axis" d="M${PLOT.left} ${PLOT.top}V${PLOT.bottom}H${PLOT.right}M${PLOT.left} ${PLOT.top}H${PLOT.right}"/>`,
    text((PLOT.left + PLOT.right) / 2, HEIGHT - 10, 'epochs', 'middle'),
    text((PLOT.left + PLOT.right) / 2, 16, 'tokens seen', 'middle'),
    `<text transform="translate(16 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)" text-anchor="middle">loss</text>`,
    curve('train', evaluations, (row) => [x(row.epoch), y(row.trainLoss)]),
    curve('validation', evaluations, (row) => [x(row.epoch), y(row.validationLoss)]),
    legend(last),
    ...(kept ? [keptMark(x(kept.epoch), y(kept.validationLoss)), keptLegend(kept)] : []),
  ];
  return `${[opening(last, kept), STYLE, ...parts, '</svg>'].join('\n')}\n`;
}

function opening(last: Evaluation, kept: Evaluation | undefined): string {
  const choice = kept
    ? `; kept: epoch ${format(kept.epoch)}, validation loss ${digits(kept.validationLoss)}`
    : '';
  const label = `Learning curve: training loss ${digits(last.trainLoss)} and validation loss ${digits(last.validationLoss)} at the last evaluation${choice}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" class="learning-curve" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${label}">`;
}

const STYLE = `<style>
.learning-curve { --ink: #1f2328; --faint: #d8dce1; --paper: #ffffff; --train: #0969da; --validation: #bc4c00; background: var(--paper); font: 12px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { .learning-curve { --ink: #e6edf3; --faint: #373e47; --paper: #0d1117; --train: #58a6ff; --validation: #f0883e; } }
.learning-curve text { fill: var(--ink); }
.learning-curve .grid { stroke: var(--faint); }
.learning-curve .axis { stroke: var(--ink); fill: none; }
.learning-curve .train { stroke: var(--train); fill: var(--train); }
.learning-curve .validation { stroke: var(--validation); fill: var(--validation); }
.learning-curve .curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
.learning-curve .curve.validation { stroke-dasharray: 6 4; }
</style>`;

function lossTick(loss: number, y: Scale): string {
  const height = coordinate(y(loss));
  const line = `<path class="grid" d="M${PLOT.left} ${height}H${PLOT.right}"/>`;
  return `${line}${text(PLOT.left - 8, y(loss) + 4, format(loss), 'end')}`;
}

function tick(x: number, edge: number, label: string, side: 'above' | 'below'): string {
  const outwards = side === 'above' ? -1 : 1;
  const line = `<path class="axis" d="M${coordinate(x)} ${edge}v${5 * outwards}"/>`;
  return `${line}${text(x, edge + (side === 'above' ? -10 : 20), label, 'middle')}`;
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${coordinate(x)}" y="${coordinate(y)}" text-anchor="${anchor}">${content}</text>`;
}

/** A line through the evaluations, with a dot at the last. */
function curve(
  name: string,
  evaluations: readonly Evaluation[],
  place: (row: Evaluation) => readonly [number, number],
): string {
  const points = evaluations.map((row) => place(row).map(coordinate));
  const [x, y] = points.at(-1)!;
  const line = `<path class="curve ${name}" d="M${points.map((point) => point.join(' ')).join('L')}"/>`;
  return `${line}<circle class="${name}" cx="${x}" cy="${y}" r="3"/>`;
}

/** Names of the curves with their last values, in the upper right corner where loss seldom is. */
function legend(last: Evaluation): string {
  const line = (name: string, loss: number, row: number) => {
    const y = PLOT.top + 20 + row * 18;
    const sample = `<path class="curve ${name}" d="M${PLOT.right - 156} ${y - 4}h28"/>`;
    return `${sample}${text(PLOT.right - 120, y, `${name} ${digits(loss)}`, 'start')}`;
  };
  return [line('train', last.trainLoss, 0), line('validation', last.validationLoss, 1)].join('\n');
}

function keptMark(x: number, y: number): string {
  const ring = 'fill: none; stroke: var(--ink); stroke-width: 2';
  return `<circle class="kept" cx="${coordinate(x)}" cy="${coordinate(y)}" r="7" style="${ring}"/>`;
}

function keptLegend(kept: Evaluation): string {
  const y = PLOT.top + 20 + 2 * 18;
  const label = text(PLOT.right - 120, y, `kept ${digits(kept.validationLoss)}`, 'start');
  return `${keptMark(PLOT.right - 142, y - 4)}${label}`;
}

/** How far into the epochs a number of tokens had been seen, between two evaluations in proportion. */
function epochAt(tokens: number, evaluations: readonly Evaluation[]): number {
  const next = evaluations.findIndex((row) => row.tokensSeen >= tokens);
  const after = evaluations[next]!;
  const before = evaluations[next - 1];
  if (!before) return after.epoch;
  const share = (tokens - before.tokensSeen) / (after.tokensSeen - before.tokensSeen);
  return before.epoch + share * (after.epoch - before.epoch);
}

/** Round numbers from 0 to at least `highest`, about `count` of them: steps of 1, 2 or 5 times a power of ten. */
function ticks(highest: number, count: number): number[] {
  const rough = (highest || 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const steps = Math.ceil((highest || 1) / step);
  return Array.from({ length: steps + 1 }, (_, index) => index * step);
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const format = (value: number): string => compact.format(value);
const digits = (loss: number): string => loss.toPrecision(3);
const coordinate = (value: number): string => String(Number(value.toFixed(1)));
