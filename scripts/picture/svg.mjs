// A recording of a terminal as one SVG file: its screens follow each other, and whoever wants no motion sees one of them.

const FONT_SIZE = 14;
const COLUMN = FONT_SIZE * 0.6;
const ROW = 20;
const MARGIN = 16;
const TITLE = 32;

const STYLE = `
text { font: ${FONT_SIZE}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; fill: #1f2328; }
.window { fill: #f6f8fa; stroke: #d1d9e0; }
.bold { font-weight: 700; }
.dim { fill: #59636e; }
.red { fill: #c21c2c; }
.green { fill: #116329; }
.yellow { fill: #7d4e00; }
.cyan { fill: #0a6c74; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .window { fill: #0d1117; stroke: #3d444d; }
  .dim { fill: #9198a1; }
  .red { fill: #ff7b72; }
  .green { fill: #56d364; }
  .yellow { fill: #e3b341; }
  .cyan { fill: #56d4dd; }
}`;

/**
 * `screens`: `{ rows, seconds, still }`, rows as styledRows gives them, how long the screen is shown, and whether it is the one for
 * whoever wants no motion. The picture is as large as `columns` and the longest screen; `label` is read to those who do not see
 * it.
 */
export function recordingSvg(screens, columns, label) {
  const height = Math.max(...screens.map(({ rows }) => rows.length)) * ROW + TITLE + MARGIN;
  const width = Math.round(columns * COLUMN + 2 * MARGIN);
  const all = screens.reduce((sum, { seconds }) => sum + seconds, 0);
  let from = 0;
  const shown = screens.map(({ rows, seconds, still }, index) => {
    const group = { index, rows, still, from: (from / all) * 100, to: ((from + seconds) / all) * 100 };
    from += seconds;
    return group;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escaped(label)}</title>
<style>${STYLE}
${motion(shown, all)}
</style>
<rect class="window" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8"/>
<circle cx="18" cy="16" r="5" fill="#ff5f57"/><circle cx="36" cy="16" r="5" fill="#febc2e"/><circle cx="54" cy="16" r="5" fill="#28c840"/>
${shown.map(screenGroup).join('\n')}
</svg>
`;
}

/** One screen at a time. */
function motion(shown, seconds) {
  const still = shown.find((screen) => screen.still).index;
  const hidden = `.screen { visibility: hidden; }\n.s${still} { visibility: visible; }`;
  const frames = shown.map(({ index, from, to }) => {
    const before = from > 0 ? `0% { visibility: hidden; } ` : '';
    const after = to < 100 ? ` ${percent(to)} { visibility: hidden; }` : '';
    return `@keyframes s${index} { ${before}${percent(from)} { visibility: visible; }${after} }`;
  });
  const animated = shown.map(
    ({ index }) => `.s${index} { animation: s${index} ${seconds}s step-end infinite; }`,
  );
  return `${hidden}
@media (prefers-reduced-motion: no-preference) {
${[...frames, ...animated].join('\n')}
}`;
}

function percent(value) {
  return `${Number(value.toFixed(2))}%`;
}

function screenGroup({ index, rows }) {
  const lines = rows.map((pieces, row) => pieces.map((piece) => pieceText(piece, row)).join(''));
  return `<g class="screen s${index}">${lines.join('\n')}</g>`;
}

/** As long as it is in the terminal, whatever the font. */
function pieceText({ column, text, styles }, row) {
  const x = Number((MARGIN + column * COLUMN).toFixed(1));
  const y = TITLE + row * ROW + FONT_SIZE;
  const length = Number(([...text].length * COLUMN).toFixed(1));
  const style = styles.length > 0 ? ` class="${styles.join(' ')}"` : '';
  return `<text x="${x}" y="${y}" textLength="${length}"${style}>${escaped(text)}</text>`;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
