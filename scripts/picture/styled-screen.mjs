// A screen that tmux has captured with its escape sequences (capture-pane -e), as pieces of equal style.

/** Styles that pipe uses, by the parameter that begins them (ECMA-48, SGR). */
const STYLES = { 1: 'bold', 2: 'dim', 31: 'red', 32: 'green', 33: 'yellow', 36: 'cyan' };
/** The parameters that end some of them; of backgrounds there are none. */
const ENDS = {
  0: Object.values(STYLES),
  22: ['bold', 'dim'],
  39: ['red', 'green', 'yellow', 'cyan'],
  49: [],
};

/**
 * The rows of a screen, each a list of `{ column, text, styles }`. Spaces between pieces are left out. Throws an Error for a style
 * that it does not know.
 */
export function styledRows(screen) {
  const on = new Set();
  return screen.split('\n').map((row) => {
    const pieces = [];
    let column = 0;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this takes apart
    for (const [, parameters, text] of row.matchAll(/(?:\x1b\[([\d;]*)m)|([^\x1b]+)/g)) {
      if (text === undefined) for (const parameter of parameters.split(';')) apply(Number(parameter), on);
      else {
        pieces.push(...words(text, column, [...on]));
        column += [...text].length;
      }
    }
    return pieces;
  });
}

function apply(parameter, on) {
  if (parameter in ENDS) for (const style of ENDS[parameter]) on.delete(style);
  else if (parameter in STYLES) on.add(STYLES[parameter]);
  else throw new Error(`a style that the picture does not know: ${parameter}`);
}

/** Parts of a text between two or more spaces, which keep their column in any font that way. */
function words(text, column, styles) {
  return [...text.matchAll(/\S+(?: \S+)*/g)].map((match) => ({
    column: column + [...text.slice(0, match.index)].length,
    text: match[0],
    styles,
  }));
}
