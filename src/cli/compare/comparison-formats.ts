import type { Comparison } from '../../comparison/comparison.ts';
import { alignedLines } from '../../terminal/aligned.ts';
import { csvText } from '../../terminal/csv.ts';
import type { Paint } from '../../terminal/paint.ts';
import { visibleJson } from '../../terminal/show.ts';
import { comparisonCells } from './comparison-cells.ts';
import type { Format } from './format-names.ts';

/** A comparison as text in a format; the table is painted. */
export async function formatComparison(
  comparison: Comparison,
  format: Format,
  paint: Paint,
): Promise<string> {
  switch (format) {
    case 'table':
      return table(comparison, paint);
    case 'json':
      return visibleJson(comparison, 2);
    case 'csv':
      return csv(comparison);
    case 'markdown':
      return markdown(comparison);
    case 'html': {
      const { comparisonPage } = await import('./comparison-page.ts');
      return comparisonPage(comparison);
    }
  }
}

function table(comparison: Comparison, paint: Paint): string {
  const { header, rows } = comparisonCells(comparison);
  const [first, ...lines] = alignedLines([header, ...rows]);
  return [
    paint('bold', first!),
    ...lines.map((line, index) => (comparison.rows[index]!.best ? paint('green', line) : line)),
    '',
    comparison.verdict,
    ...comparison.notes.map((note) => paint('dim', `note: ${note}`)),
  ].join('\n');
}

/** A table for a pull request: the verdict first, as GitHub shows Markdown. */
function markdown(comparison: Comparison): string {
  const { header, rows } = comparisonCells(comparison);
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`;
  return [
    ...comparison.verdict.split('\n').map((sentence) => `**${escaped(sentence)}**`),
    '',
    line(header),
    `|${header.map(() => ' --- |').join('')}`,
    ...rows.map(line),
    ...(comparison.notes.length > 0 ? ['', ...comparison.notes.map((note) => `- ${escaped(note)}`)] : []),
  ].join('\n');
}

/** No text of a pipeline or model becomes markup, a mention or a link. */
function escaped(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>|~#!@]/g, (sign) => `\\${sign}`).replaceAll(/\s+/g, ' ');
}

/** One line a candidate, numbers in full (RFC 4180, with line feeds). A cell that a spreadsheet would compute begins with `'`. */
function csv({ parameters, metrics, rows }: Comparison): string {
  const ofMetric = (name: string) => [name, `${name} low`, `${name} high`];
  const header = [
    ...['name', ...parameters, ...metrics.flatMap(({ name }) => ofMetric(name))],
    ...['compared_with', 'difference', 'difference low', 'difference high', 'p', 'finding', 'duration_ms'],
  ];
  const body = rows.map(({ name, parameters: own, values, difference, duration_ms }) => [
    name,
    ...parameters.map((key) => (typeof own[key] === 'object' ? JSON.stringify(own[key]) : own[key])),
    ...metrics.flatMap(({ name }) => [
      values[name]?.value,
      ...(values[name]?.interval ?? [undefined, undefined]),
    ]),
    ...[difference?.to, difference?.difference, ...(difference?.interval ?? [undefined, undefined])],
    ...[difference?.p, difference?.finding, duration_ms],
  ]);
  // `show` ends the last line.
  return csvText([header, ...body].map((cells) => cells.map(notComputed))).slice(0, -'\n'.length);
}

function notComputed(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/^[=+\-@\t\r]/, "'$&") : (value ?? undefined);
}
