import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FOLLOWING } from '../src/runner/schedule/schedule.ts';
import { readGuide } from './guides/guide.ts';

const ROOT = join(import.meta.dirname, '..');
const NOT_OURS = ['.git', '.stryker-tmp', 'artifacts', 'coverage', 'dist', 'node_modules', 'reports'];

const files = filesIn('');
const pages = files.filter((file) => file.endsWith('.md') && !file.startsWith('docs/reference/'));
/** What readers of the guides write themselves. */
const ofGuides = ['add-a-stage-type', 'add-a-judge', 'add-an-engine', 'judges'].flatMap((name) =>
  readGuide(name).files.map(({ path }) => path),
);
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (NOT_OURS.includes(entry.name)) return [];
    return entry.isDirectory() ? filesIn(path) : [path];
  });
}

/** What a file says to people: all of a page, the comments of a program. */
function prose(file: string): string {
  const comment = { '.ts': COMMENT, '.mjs': COMMENT, '.cjs': COMMENT, '.py': /#.*|^"""[\s\S]*?"""/gm };
  const pattern = comment[extname(file) as '.ts' | '.py'] ?? (file.endsWith('.md') ? /[\s\S]+/g : /(?!)/g);
  return (read(file).match(pattern) ?? []).join('\n');
}
const COMMENT = /(?<![:'"`\w])\/\/ .*|\/\*[\s\S]*?\*\//g;

/** Paths of the repository in a text; of a pattern (`test/cli/hostile-*.test.ts`) its folder. */
function pathsIn(text: string): string[] {
  const found = text.matchAll(/(?<![\w./*-])(?:src|test|docs|scripts|bench|\.ci)\/[\w./*<-]*[\w*<]/g);
  return [...found]
    .map(([path]) => (/[*<]/.test(path) ? dirname(path) : path))
    .filter((path) => !/NAME|\.cpp$/.test(path));
}

/** What is found in files that is wrong, each with its file. */
function wrong(of: readonly string[], findIn: (file: string) => readonly string[]): string[] {
  return of.flatMap((file) => findIn(file).map((found) => `${file}: ${found}`));
}

describe('pages and comments', () => {
  it('name paths that exist', () => {
    const isThere = (path: string) => ofGuides.includes(path) || existsSync(join(ROOT, path));
    expect(wrong(files, (file) => pathsIn(prose(file)).filter((path) => !isThere(path)))).toEqual([]);
  });

  it('name files of a room that exist', () => {
    const named = (page: string) =>
      [...read(page).matchAll(/`(?:\.\/)?([\w./-]+\.ts)`/g)].map(([, path]) => path!);
    const isThere = (path: string) =>
      ofGuides.includes(path) || files.some((file) => `/${file}`.endsWith(`/${path}`));
    expect(wrong(pages, (page) => named(page).filter((path) => !isThere(path)))).toEqual([]);
  });

  it('have links that lead somewhere', () => {
    const links = (page: string) => [...read(page).matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path!);
    const isThere = (page: string, link: string) => existsSync(join(ROOT, dirname(page), link));
    expect(wrong(pages, (page) => links(page).filter((link) => !isThere(page, link)))).toEqual([]);
  });

  it('name scripts of package.json', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const named = (page: string) => [...read(page).matchAll(/npm run ([\w:-]+\w)/g)].map(([, name]) => name!);
    expect(
      wrong(pages, (page) => named(page).filter((name) => name !== 'bench' && !(name in scripts))),
    ).toEqual([]);
  });
});

it('every room has a README, which docs/architecture.md lists', () => {
  const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const listed = read('docs/architecture.md').matchAll(/\]\(\.\.\/src\/([\w-]+)\/README\.md\)/g);
  expect([...listed].map(([, room]) => room).sort()).toEqual(rooms.map(({ name }) => name).sort());
});

it('docs/architecture.md shows the states of a stage with exactly the transitions that the schedule allows', () => {
  const picture = /```mermaid\nstateDiagram-v2\n([^`]+)```/.exec(read('docs/architecture.md'))![1]!;
  const arrows = [...picture.matchAll(/^ +(\S+) --> ([^\s:]+)/gm)].map(([, from, to]) => `${from} --> ${to}`);
  const allowed = Object.entries(FOLLOWING).flatMap(([from, states]) => {
    const next: readonly string[] = states.length === 0 ? ['[*]'] : states;
    return next.map((to) => `${from} --> ${to}`);
  });
  expect(arrows.sort()).toEqual(['[*] --> waiting', ...allowed].sort());
});
