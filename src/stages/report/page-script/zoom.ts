import { type Range, rangesOf } from '../curves/chart-scale.ts';
import { type Drawn, valueUnder } from './chart-pointer.ts';

/** A drag of fewer pixels is a click. */
const CLICK = 6;

/** Which part of the horizontal axis is shown: a drag shows what it went over, a click one half around it. */
export class ChartZoom {
  range: Range | undefined;
  readonly #drawn: () => Drawn;
  readonly #draw: () => void;

  constructor(plot: HTMLElement, drawn: () => Drawn, draw: () => void) {
    this.#drawn = drawn;
    this.#draw = draw;
    let start: number | undefined;
    const band = document.createElement('div');
    band.className = 'band';
    plot.addEventListener('pointerdown', (event) => {
      // A finger scrolls; it has the buttons.
      if (event.button !== 0 || event.pointerType === 'touch') return;
      start = event.clientX;
      plot.setPointerCapture(event.pointerId);
    });
    plot.addEventListener('pointermove', ({ clientX }) => {
      if (start === undefined || Math.abs(clientX - start) < CLICK) return;
      const { left } = plot.getBoundingClientRect();
      band.style.left = `${Math.min(start, clientX) - left}px`;
      band.style.width = `${Math.abs(clientX - start)}px`;
      plot.append(band);
    });
    plot.addEventListener('pointerup', ({ clientX }) => {
      if (start === undefined) return;
      const [from, to] = [start, clientX].sort((a, b) => a - b).map((x) => valueUnder(x, plot, drawn())) as [
        number,
        number,
      ];
      const isClick = Math.abs(clientX - start) < CLICK;
      start = undefined;
      band.remove();
      if (isClick) this.by(0.5, from);
      else this.#show([from, to]);
    });
    plot.addEventListener('pointercancel', () => {
      start = undefined;
      band.remove();
    });
  }

  /** Shows a part that is so many times as wide, around a value or else the middle. */
  by(factor: number, around: number | undefined): void {
    const { curves, view } = this.#drawn();
    const [from, to] = rangesOf(curves, view).x;
    const [, end] = rangesOf(curves, { ...view, range: undefined }).x;
    const width = Math.min(end, (to - from) * factor);
    const middle = around !== undefined && around >= from && around <= to ? around : (from + to) / 2;
    const left = Math.min(end - width, Math.max(0, middle - width / 2));
    if (width >= end) this.showAll();
    else this.#show([left, left + width]);
  }

  showAll(): void {
    this.range = undefined;
    this.#draw();
  }

  #show(range: Range): void {
    const { curves, view } = this.#drawn();
    const places = curves.flatMap(({ points }) => points.map((point) => point[view.along]));
    // With no evaluation inside there is nothing to see.
    if (!places.some((place) => place >= range[0] && place <= range[1])) return;
    this.range = range;
    this.#draw();
  }
}
