import { CHART_STYLE } from './chart-style.ts';

/** The style sheet of every page: one column on a phone, light or dark as the reader's system, whole cards in print. */
export const STYLE = `
:root { --ink: #1f2328; --faint: #59636e; --line: #d8dce1; --paper: #ffffff; --card: #f6f8fa; --accent: #0969da;
  --second: #bc4c00; --low: #cf222e; --middle: #bf8700; --high: #1a7f37; --mark: #fff1b8; --light: 38%; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --faint: #9198a1; --line: #373e47; --paper: #0d1117; --card: #161b22; --accent: #58a6ff;
    --second: #f0883e; --low: #ff7b72; --middle: #d29922; --high: #3fb950; --mark: #4d3d00; --light: 65%; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0 1rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
h3, h4, h5, p, figure, dl, dd { margin: 0; }
h3 { font-size: 1rem; }
h4, h5 { font-size: .8rem; font-weight: 600; color: var(--faint); }
h5 { margin-top: .5rem; }
a { color: inherit; }
small { color: var(--faint); font-weight: normal; font-size: .85rem; }
code { font-size: .9em; }
mark { background: var(--mark); color: inherit; text-decoration: underline dotted; }
.lead { font-size: 1.1rem; margin-bottom: .5rem; }
.lead:first-of-type { font-size: 1.25rem; font-weight: 600; }
.judge { margin-bottom: .75rem; }
.figures, .columns { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); }
.figure, article { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; }
.figure .name { color: var(--faint); }
.figure .value { font-size: 2rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
.figure dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem .75rem; margin-top: .5rem; font-size: .9rem; }
.figure dt { color: var(--faint); }
.bar { display: block; height: .35rem; border-radius: 1rem; background: var(--line); overflow: hidden; }
.bar span { display: block; height: 100%; background: var(--accent); }
.bar .low { background: var(--low); }
.bar .middle { background: var(--middle); }
.bar .high { background: var(--high); }
figure svg, figure img { display: block; width: 100%; height: auto; }
figure img { max-width: 45rem; }
figcaption, .values { font-size: .9rem; color: var(--faint); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { text-align: right; padding: .2rem .75rem .2rem 0; border-bottom: 1px solid var(--line); }
td { white-space: nowrap; }
tbody th { font-weight: normal; }
th:first-child { text-align: left; }
.settings th, .settings td { text-align: left; vertical-align: top; }
.settings td { white-space: normal; overflow-wrap: anywhere; }
.parts caption, .trust caption { text-align: left; font-size: .8rem; font-weight: 600; color: var(--faint); }
.parts th, .parts td { text-align: left; vertical-align: top; }
.parts .text { white-space: pre-wrap; overflow-wrap: anywhere; }
.trust { margin-top: .75rem; }
article { margin-top: .75rem; scroll-margin-top: .5rem; }
.score { display: flex; gap: .75rem; align-items: center; font-variant-numeric: tabular-nums; }
.score .bar { flex: 0 1 6rem; }
.unscored { color: var(--faint); font-style: italic; margin-bottom: .25rem; }
.instruction { font-weight: 600; }
.input { border-left: .2rem solid var(--line); padding-left: .75rem; margin-top: .25rem; }
.columns { margin-top: .5rem; gap: .75rem 1.5rem; }
.text { white-space: pre-wrap; unicode-bidi: isolate; }
.empty { color: var(--faint); }
.hidden { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
[hidden] { display: none !important; }
details { margin-top: .5rem; }
summary { cursor: pointer; color: var(--faint); }
.controls { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin: .5rem 0; font-size: .9rem; }
.controls input, .controls select, .controls button { font: inherit; color: inherit; background: var(--card);
  border: 1px solid var(--faint); border-radius: .3rem; padding: .2rem .5rem; max-width: 100%; }
.controls input[type=number] { width: 4.5rem; }
.controls .models { flex-basis: 100%; margin: 0; }
.controls fieldset { border: 0; margin: .25rem 0; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
.keys { color: var(--faint); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
${CHART_STYLE}
@media print {
  html { font-size: 9pt; }
  body { max-width: none; padding: 0; }
  .controls, .values { display: none !important; }
  .figure, article, figure, tr, .legend { break-inside: avoid; }
  h2, h3, h4, h5 { break-after: avoid; }
  .wide { overflow: visible; max-height: none !important; }
  * { print-color-adjust: exact; }
}
`;
