/** The report's style sheet: one column on a phone, light or dark as the reader's system. */
export const STYLE = `
:root { --ink: #1f2328; --faint: #59636e; --line: #d8dce1; --paper: #ffffff; --card: #f6f8fa; --accent: #0969da; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --faint: #9198a1; --line: #373e47; --paper: #0d1117; --card: #161b22; --accent: #58a6ff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0 1rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
h3, h4, p, figure, dl, dd { margin: 0; }
h3 { font-size: 1rem; }
h4 { font-size: .8rem; font-weight: 600; color: var(--faint); }
a { color: inherit; }
small { color: var(--faint); font-weight: normal; font-size: .85rem; }
code { font-size: .9em; }
.judge { margin-bottom: .75rem; }
.figures, .columns { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); }
.figure, article { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; }
.figure .name { color: var(--faint); }
.figure .value { font-size: 2rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
.figure dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem .75rem; margin-top: .5rem; font-size: .9rem; }
.figure dt { color: var(--faint); }
.bar { height: .35rem; border-radius: 1rem; background: var(--line); overflow: hidden; }
.bar span { display: block; height: 100%; background: var(--accent); }
figure svg, figure img { display: block; max-width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .2rem .75rem .2rem 0; border-bottom: 1px solid var(--line); }
.settings th, .settings td { text-align: left; vertical-align: top; }
article { margin-top: .75rem; }
.head { display: flex; justify-content: space-between; gap: 1rem; align-items: baseline; }
.score { min-width: 8rem; text-align: right; }
.instruction { font-weight: 600; }
.input { border-left: .2rem solid var(--line); padding-left: .75rem; margin-top: .25rem; }
.columns { margin-top: .5rem; gap: .75rem 1.5rem; }
.text { white-space: pre-wrap; unicode-bidi: isolate; }
.empty { color: var(--faint); }
details { margin-top: .5rem; }
summary { cursor: pointer; color: var(--faint); }
`;
