import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Kind of piece -> name -> what its file says of itself. */
export type NamedPieces = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The pieces of a `configs` folder by kind and name, each with the comment that its file begins with. */
export function namedPieces(configs: string): NamedPieces {
  return Object.fromEntries(readdirSync(configs).map((kind) => [kind, piecesIn(join(configs, kind))]));
}

function piecesIn(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  return Object.fromEntries(
    files
      .sort()
      .map((file) => [
        file.slice(0, -'.yaml'.length),
        firstComment(readFileSync(join(folder, file), 'utf8')),
      ]),
  );
}

function firstComment(text: string): string {
  const lines = /^(?:#.*\n)*/.exec(text)![0].split('\n');
  return lines
    .map((line) => line.replace(/^# ?/, ''))
    .join(' ')
    .trim();
}
