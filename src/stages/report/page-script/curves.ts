import type { Along, ChartView, Loss } from '../curves/chart-scale.ts';
import { clippedNote, curveChart } from '../curves/curve-chart.ts';
import type { CurveData } from '../data/page-data.ts';
import { ChartCursor } from './chart-cursor.ts';
import { element } from './element.ts';
import { ChartZoom } from './zoom.ts';

const CONTROLS = `<div class="controls chart-controls">
<label>Along <select id="along"><option value="epoch">epochs</option><option value="step">steps</option><option value="tokens">tokens seen</option></select></label>
<label>Loss <select id="loss"><option value="validation">validation</option><option value="train">training</option><option value="train,validation">both</option></select></label>
<button type="button" id="zoom-in">Zoom in</button> <button type="button" id="zoom-out">Zoom out</button> <button type="button" id="zoom-all">Show all</button>
</div>`;

/** Makes the picture of the learning curves one that shows values, can be zoomed, and runs along steps or tokens. */
export function drawCurves(curves: readonly CurveData[]): void {
  const figure = element('curves', HTMLElement);
  const caption = figure.querySelector('figcaption')!;
  figure.insertAdjacentHTML('beforebegin', CONTROLS);
  const plot = document.createElement('div');
  plot.id = 'plot-area';
  plot.tabIndex = 0;
  plot.setAttribute('role', 'group');
  plot.setAttribute(
    'aria-label',
    'Learning curves: arrow keys read values, plus and minus zoom, 0 shows all; drag over a part to zoom into it',
  );
  figure.querySelector('svg')!.replaceWith(plot);
  const along = element('along', HTMLSelectElement);
  const loss = element('loss', HTMLSelectElement);
  loss.value = curves.length === 1 ? 'train,validation' : 'validation';

  const view = (): ChartView => ({
    along: along.value as Along,
    losses: loss.value.split(',') as Loss[],
    range: zoom.range,
  });
  const draw = (): void => {
    plot.innerHTML = curveChart(curves, view()).html;
    caption.textContent = clippedNote(curves, view()) ?? '';
    cursor.redraw();
  };
  const zoom = new ChartZoom(plot, () => ({ curves, view: view() }), draw);
  const cursor = new ChartCursor(plot, figure, () => ({ curves, view: view() }));

  along.addEventListener('input', () => zoom.showAll());
  loss.addEventListener('input', draw);
  element('zoom-in', HTMLButtonElement).addEventListener('click', () => zoom.by(0.5, cursor.value));
  element('zoom-out', HTMLButtonElement).addEventListener('click', () => zoom.by(2, cursor.value));
  element('zoom-all', HTMLButtonElement).addEventListener('click', () => zoom.showAll());
  plot.addEventListener('keydown', (event) => {
    const { key, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey) return;
    if (key === '+' || key === '=') zoom.by(0.5, cursor.value);
    else if (key === '-') zoom.by(2, cursor.value);
    else if (key === '0' || key === 'Escape') zoom.showAll();
    else if (key === 'ArrowRight') cursor.move(1);
    else if (key === 'ArrowLeft') cursor.move(-1);
    else return;
    event.preventDefault();
  });
  draw();
}
