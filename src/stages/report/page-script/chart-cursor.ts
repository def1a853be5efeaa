import { rangesOf, tickText } from '../curves/chart-scale.ts';
import { across, CHART, PLOT } from '../curves/curve-chart.ts';
import { type Drawn, valueUnder } from './chart-pointer.ts';

/** More values are a table: the legend has them. */
const MOST_VALUES = 12;

/** The upright line at one evaluation, and what the curves measured there. */
export class ChartCursor {
  /** Where it is on the horizontal axis; undefined until the reader has pointed at something. */
  value: number | undefined;
  readonly #plot: HTMLElement;
  readonly #drawn: () => Drawn;
  readonly #line = document.createElement('div');
  readonly #words = document.createElement('p');

  constructor(plot: HTMLElement, figure: HTMLElement, drawn: () => Drawn) {
    this.#plot = plot;
    this.#drawn = drawn;
    this.#line.className = 'cursor';
    this.#words.className = 'values';
    this.#words.setAttribute('role', 'status');
    this.#words.textContent = 'Point at the curves to read their values; drag, or use + and -, to zoom.';
    figure.append(this.#words);
    plot.addEventListener('pointermove', ({ clientX }) => {
      const under = valueUnder(clientX, plot, drawn());
      const [first, ...others] = this.#places();
      if (first === undefined) return;
      this.#show(
        others.reduce((best, one) => (Math.abs(one - under) < Math.abs(best - under) ? one : best), first),
      );
    });
  }

  /** Goes to the next or the previous evaluation that is in the picture. */
  move(step: 1 | -1): void {
    const places = this.#places();
    const { value } = this;
    const next =
      value === undefined
        ? places[0]
        : step === 1
          ? places.find((place) => place > value)
          : places.findLast((place) => place < value);
    if (next !== undefined) this.#show(next);
  }

  /** After the picture was drawn anew. */
  redraw(): void {
    const places = this.#places();
    if (this.value === undefined || !places.includes(this.value)) this.value = undefined;
    else this.#show(this.value);
  }

  /** Where the evaluations in the picture are, in order. */
  #places(): number[] {
    const { curves, view } = this.#drawn();
    const [from, to] = rangesOf(curves, view).x;
    const all = curves.flatMap(({ points }) => points.map((point) => point[view.along]));
    return [...new Set(all)].filter((place) => place >= from && place <= to).sort((a, b) => a - b);
  }

  #show(value: number): void {
    this.value = value;
    const { curves, view } = this.#drawn();
    const share = (length: number, of: number) => `${(100 * length) / of}%`;
    this.#line.style.left = share(across(rangesOf(curves, view))(value), CHART.width);
    this.#line.style.top = share(PLOT.top, CHART.height);
    this.#line.style.height = share(PLOT.bottom - PLOT.top, CHART.height);
    this.#plot.append(this.#line);
    const values = curves.flatMap(({ name, points }) => {
      const point = points.find((one) => one[view.along] === value);
      if (point === undefined) return [];
      const losses = view.losses.map((loss) => `${loss} ${point[loss].toPrecision(4)}`).join(', ');
      return [`${name === '' ? '' : `${name}: `}${losses}`];
    });
    const more = values.length > MOST_VALUES ? `; and ${values.length - MOST_VALUES} more` : '';
    const at =
      view.along === 'tokens' ? `${tickText(value)} tokens` : `${view.along} ${Number(value.toFixed(2))}`;
    this.#words.textContent = `At ${at}: ${values.slice(0, MOST_VALUES).join('; ')}${more}`;
  }
}
