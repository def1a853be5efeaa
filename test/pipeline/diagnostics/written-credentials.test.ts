import { describe, expect, it } from 'vitest';
import { concealWritten } from '../../../src/pipeline/diagnostics/written-credentials.ts';
import { processorTime } from '../../processor-time.ts';

const hidden = (source: string) => concealWritten(source).replaceAll('•••', '•');

describe('what is hidden of YAML as it is written', () => {
  it.each([
    // As it stands.
    ['url: https://u:p@host/x', 'url: https://•@host/x'],
    ['{ url: https://host/?token=t&x=1, : }', '{ url: https://host/?token=•&x=1, : }'],
    // Each character that makes it a URL with a credential may be an escape.
    [String.raw`a: "https://u:p\x40host" : b`, String.raw`a: "https://•\x40host" : b`],
    [String.raw`a: "https\x3a//u:p@host"`, String.raw`a: "https\x3a//•@host"`],
    [String.raw`a: "https:\u002f\/u:p@host"`, String.raw`a: "https:\u002f\/•@host"`],
    [String.raw`a: "http\U00000073://u\x3ap\u0040host"`, String.raw`a: "http\U00000073://•\u0040host"`],
    [String.raw`a: "http:\\\\u:p@host"`, String.raw`a: "http:\\\\•@host"`],
    [String.raw`a: "ht\ttp://u:p@host"`, String.raw`a: "ht\ttp://•@host"`],
    [String.raw`a: "https://host/?tok\x65n=t\x41"`, String.raw`a: "https://host/?tok\x65n=•"`],
    ['a: "https://u:p\\\n   q@host"', 'a: "https://•@host"'],
    // Quotes and spaces in it.
    ['`http://u:a b@host` is no name', '`http://•@host` is no name'],
    ['http: http://u:a b@host', 'http: http://•@host'],
    [String.raw`a: "https://u:p\"q@host"`, 'a: "https://•@host"'],
    [`a: 'https://u:p''q@host'`, `a: 'https://•@host'`],
    [`a: "https://u:p'q r@host"`, 'a: "https://•@host"'],
    [`a: https://u:p"q r@host`, 'a: https://•@host'],
    // Escapes that are none.
    [String.raw`a: "https://u:p\x4@host"`, 'a: "https://•@host"'],
    [String.raw`a: "https://u:p\UFFFFFFFF@host"`, 'a: "https://•@host"'],
    ['a: "https://u:p@host\\', 'a: "https://•@host\\'],
  ])('of %s', (source, shown) => {
    expect(hidden(source)).toBe(shown);
  });

  it.each([
    'a: https://example.org/@scope/package',
    '{ a: "http://localhost:11434", b: "me@example.org" }',
    '{ a: http://localhost:11434, b: me@example.org }',
    'a: http://localhost # me@example.org',
    'a: http://localhost\nb: me@example.org',
    String.raw`a: "C:\\x\\y" : me@example.org`,
    'a: me@example.org : b',
  ])('is nothing of %s', (source) => {
    expect(hidden(source)).toBe(source);
  });

  it.each(['http:', ' http:', '"http:', 'http: @', '\\x40', "''", '\\\n', 'https://u:p@h ', '"http:a b@'])(
    'takes no more than time in proportion to %j again and again',
    async (piece) => {
      const took = (times: number) => {
        const text = `@ ${piece.repeat(times)} //x?`;
        return processorTime(() => concealWritten(text));
      };
      const short = Math.min(await took(5_000), await took(5_000));
      expect(await took(40_000)).toBeLessThan(20 * short + 500);
    },
  );
});
