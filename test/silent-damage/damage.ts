import fc from 'fast-check';

/** Instruction data as a person might have it, before anybody damages it. */
export interface Item {
  readonly instruction: string;
  readonly input: string;
  readonly output: string;
}

const text = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom('the', 'cat', 'über', '東京', '🙂', 'x', '12', 'Q:') },
      { weight: 2, arbitrary: fc.constantFrom('"', ',', '\n', "'", '\t', '\\', '{', '}', ';', '\r\n', '=') },
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((words) => words.join(' '));

export const items: fc.Arbitrary<readonly Item[]> = fc.array(
  fc.record({ instruction: text, input: fc.oneof(fc.constant(''), text), output: text }),
  { minLength: 2, maxLength: 6 },
);

/** How items are written into a file. */
export const FORMS = {
  json: (rows: readonly object[]) => JSON.stringify(rows, null, 2),
  'wrapped json': (rows: readonly object[]) => JSON.stringify({ version: 1, data: rows }),
  'columns of pandas': (rows: readonly object[]) => JSON.stringify(columnsOf(rows)),
  jsonl: (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  csv: (rows: readonly object[]) => delimited(rows, ','),
  tsv: (rows: readonly object[]) => delimited(rows, '\t'),
  messages: (rows: readonly object[]) =>
    conversations(rows, 'messages', 'role', ['user', 'assistant'], 'content'),
  ShareGPT: (rows: readonly object[]) =>
    conversations(rows, 'conversations', 'from', ['human', 'gpt'], 'value'),
} as const;
export type Form = keyof typeof FORMS;

function columnsOf(rows: readonly object[]): object {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return Object.fromEntries(
    names.map((name) => [
      name,
      Object.fromEntries(rows.map((row, index) => [index, (row as Record<string, unknown>)[name] ?? null])),
    ]),
  );
}

function delimited(rows: readonly object[], delimiter: string): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (value: unknown) => {
    const words = value === undefined || value === null ? '' : String(value);
    return /["\r\n]/.test(words) || words.includes(delimiter) ? `"${words.replaceAll('"', '""')}"` : words;
  };
  const lines = [names, ...rows.map((row) => names.map((name) => (row as Record<string, unknown>)[name]))];
  return lines.map((line) => `${line.map(cell).join(delimiter)}\r\n`).join('');
}

function conversations(
  rows: readonly object[],
  field: string,
  role: string,
  [asks, answers]: readonly [string, string],
  content: string,
): string {
  return rows
    .map((row) => {
      const { instruction, output } = row as Partial<Item>;
      return `${JSON.stringify({
        [field]: [
          { [role]: asks, [content]: instruction },
          { [role]: answers, [content]: output },
        ],
      })}\n`;
    })
    .join('');
}

/** A change of the values before they are written: what people's programs do. */
export type Slip = (rows: readonly object[]) => readonly object[];

const at = <Row>(rows: readonly Row[], place: number, change: (row: Row) => Row): Row[] =>
  rows.map((row, index) => (index === place % rows.length ? change(row) : row));

export const slip: fc.Arbitrary<Slip> = fc
  .record({
    place: fc.nat(),
    field: fc.constantFrom('instruction', 'input', 'output'),
    kind: fc.constantFrom(
      'none',
      'null',
      'number',
      'empty',
      'missing',
      'renamed',
      'extra',
      'twice',
      'nested',
      'all renamed',
    ),
  })
  .map(({ place, field, kind }): Slip => {
    const put = (value: unknown) => (rows: readonly object[]) =>
      at(rows, place, (row) => ({ ...row, [field]: value }));
    const without = (row: object) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => name !== field));
    const renamed = (row: object) => ({
      ...without(row),
      [`${field}s`]: (row as Record<string, unknown>)[field],
    });
    switch (kind) {
      case 'null':
        return put(null);
      case 'number':
        return put(7);
      case 'empty':
        return put('');
      case 'nested':
        return put({ text: 'x' });
      case 'missing':
        return (rows) => at(rows, place, without);
      case 'renamed':
        return (rows) => at(rows, place, renamed);
      case 'all renamed':
        return (rows) => rows.map(renamed);
      case 'extra':
        return (rows) => at(rows, place, (row) => ({ ...row, context: 'more' }));
      case 'twice':
        return (rows) => [...rows, rows[place % rows.length]!];
      default:
        return (rows) => rows;
    }
  });

/** A change of the bytes of a file: what editors, disks and networks do. */
export type Damage = (bytes: Buffer) => Buffer;

const piece = fc.constantFrom(
  ...[
    '"',
    ',',
    '\n',
    '\r',
    '{',
    '}',
    '[',
    ']',
    ':',
    '\\',
    '\0',
    '\t',
    ';',
    'NaN',
    'null',
    '\ufeff',
    'é',
    '🙂',
    '""',
  ],
);

export const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.constant<Damage>((bytes) => bytes),
  fc.tuple(fc.nat(), fc.nat({ max: 7 })).map(
    ([place, bit]): Damage =>
      (bytes) => {
        const changed = Buffer.from(bytes);
        if (changed.length > 0) changed[place % changed.length]! ^= 1 << bit;
        return changed;
      },
  ),
  fc.tuple(fc.nat(), piece).map(([place, text]): Damage => splice(place, 0, text)),
  fc
    .tuple(fc.nat(), fc.integer({ min: 1, max: 20 }))
    .map(([place, length]): Damage => splice(place, length, '')),
  fc.nat().map(
    (place): Damage =>
      (bytes) =>
        bytes.subarray(0, bytes.length === 0 ? 0 : place % bytes.length),
  ),
  fc.constant<Damage>((bytes) => Buffer.from(bytes.toString().replaceAll('\n', '\r\n'))),
  fc.constant<Damage>((bytes) => Buffer.concat([Buffer.from('\ufeff'), bytes])),
  fc.constant<Damage>((bytes) => Buffer.from(bytes.toString(), 'latin1')),
  fc.constant<Damage>((bytes) => Buffer.from(`\ufeff${bytes}`, 'utf16le')),
  fc.nat().map(
    (place): Damage =>
      (bytes) => {
        const lines = bytes.toString().split('\n');
        const line = place % lines.length;
        return Buffer.from([...lines.slice(0, line + 1), ...lines.slice(line)].join('\n'));
      },
  ),
);

/** A change of a text that people write by hand: what slips of the keyboard and of editors do. */
export const textDamage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 1, arbitrary: damage },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.nat(),
        fc.constantFrom(
          ...[
            ' ',
            '  ',
            ':',
            ': ',
            '- ',
            '#',
            ' #',
            '&a ',
            '*a',
            '!',
            '|',
            '>',
            '%',
            '{{',
            '}}',
            '{%',
            '%}',
            '-',
            '.',
            '0',
          ],
          ...[
            '1',
            'e',
            'x',
            'true',
            '~',
            '$',
            '${',
            '_',
            '@',
            '\\n',
            '? ',
            '---\n',
            '| upper',
            ' not ',
            'endif',
          ],
        ),
      )
      .map(([place, text]): Damage => splice(place, 0, text)),
  },
  {
    weight: 2,
    arbitrary: fc.nat().map(
      (place): Damage =>
        (bytes) => {
          // Two neighbours change places.
          const changed = Buffer.from(bytes);
          const at = place % (changed.length - 1);
          [changed[at], changed[at + 1]] = [changed[at + 1]!, changed[at]!];
          return changed;
        },
    ),
  },
);

function splice(place: number, length: number, text: string): Damage {
  return (bytes) => {
    const start = bytes.length === 0 ? 0 : place % bytes.length;
    return Buffer.concat([bytes.subarray(0, start), Buffer.from(text), bytes.subarray(start + length)]);
  };
}
