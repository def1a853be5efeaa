/** What programs leave in folders that is nobody's source: caches of Python, and files of editors, systems and version control. */
const ALWAYS = [
  ...['__pycache__', '.pytest_cache', '.mypy_cache', '.ruff_cache', '.ipynb_checkpoints'],
  ...['*.swp', '*.swo', '*~', '.#*', '#*#', '.idea', '.vscode', '.DS_Store', 'Thumbs.db'],
  ...['.git', '.hg', '.svn'],
];

/**
 * Says of a path relative to a folder (with `/`) whether it is left out: by one of the patterns, or because it is what
 * programs leave behind. A pattern without `/` is the name of a file or folder at any depth; one with `/` begins at the folder. `*` and
 * `?` stand for characters of a name, `**` also for folders. What is in an excluded folder is not looked at.
 */
export function excluderOf(patterns: readonly string[]): (path: string) => boolean {
  const names = [...ALWAYS, ...patterns.filter((pattern) => !isPath(pattern))].map(expressionOf);
  const paths = patterns.filter(isPath).map(expressionOf);
  return (path) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    return (
      names.some((expression) => expression.test(name)) || paths.some((expression) => expression.test(path))
    );
  };
}

function isPath(pattern: string): boolean {
  return pattern.replace(/\/$/, '').includes('/');
}

function expressionOf(pattern: string): RegExp {
  const body = pattern.replace(/\/$/, '').replace(/\*\*\/|\*\*|[*?]|[\\^$.+()[\]{}|]/g, (part) => {
    if (part === '**/') return '(?:[^/]+/)*';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    return part === '?' ? '[^/]' : `\\${part}`;
  });
  return new RegExp(`^${body}$`, 'su');
}
