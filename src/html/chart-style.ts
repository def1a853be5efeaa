/** How pictures look: in the colours of the page, with text that can be read on a phone, where pictures are small. */
export const CHART_STYLE = `
svg text { fill: var(--ink); font-size: 13px; }
svg .grid { stroke: var(--line); }
svg .axis { stroke: var(--faint); fill: none; }
.histogram { margin-top: .75rem; max-width: 22rem; width: 100%; height: auto; }
.histogram text { text-anchor: middle; }
.histogram .low { fill: var(--low); }
.histogram .middle { fill: var(--middle); }
.histogram .high { fill: var(--high); }
.curves { display: grid; gap: .5rem 1.5rem; grid-template-columns: minmax(0, 5fr) minmax(0, 3fr); align-items: start; }
.chart-controls { grid-column: 1 / -1; }
.legend { max-height: 26rem; overflow: auto; }
.legend tbody th { overflow-wrap: anywhere; }
.chart .curve path { fill: none; stroke: var(--colour); stroke-width: 2; stroke-linejoin: round; }
.chart .curve.train path { stroke-dasharray: 6 4; }
.chart .point { fill: var(--colour); }
.chart .kept { fill: none; stroke: var(--ink); stroke-width: 2; }
.swatch { display: inline-block; width: 1.5rem; border-top: .2rem solid var(--colour); vertical-align: middle; margin-right: .5rem; }
.swatch.train { border-top-style: dashed; }
.chart .faded, .parallel .faded { opacity: .12; }
#plot-area { position: relative; touch-action: pan-y; cursor: crosshair; }
.cursor { position: absolute; border-left: 1px solid var(--ink); pointer-events: none; }
.band { position: absolute; top: 0; bottom: 0; background: var(--accent); opacity: .15; pointer-events: none; }
.values { min-height: 3em; }
.parallel .variant { fill: none; stroke: color-mix(in oklab, var(--high) var(--share), var(--low)); stroke-width: 2; }
.parallel .variant:hover { stroke-width: 4; }
.parallel .name { font-weight: 600; }
.parallel text { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
tr.faded { opacity: .4; }
@media (max-width: 40rem) {
  .curves { grid-template-columns: minmax(0, 1fr); }
  .chart text { font-size: 24px; }
  .parallel { min-width: 40rem; }
  .parallel text { font-size: 20px; }
}
`;
