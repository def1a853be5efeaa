import { describe, expect, it } from 'vitest';
import { visible } from '../../src/terminal/show.ts';

/** By Unicode's categories: control characters, line separators, and what turns the direction of the text after it. */
const OBEYED = /(?![\n\t])\p{Cc}|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

describe('a text made visible', () => {
  it('has every character as it was but those that a terminal obeys', () => {
    const changed: number[] = [];
    const obeyed: number[] = [];
    for (let point = 0; point <= 0x10ffff; point++) {
      const text = String.fromCodePoint(point);
      if (visible(text) !== text) changed.push(point);
      if (OBEYED.test(text)) obeyed.push(point);
    }
    expect(changed).toEqual(obeyed);
    expect(obeyed).toHaveLength(74);
  });

  it('names them by their code', () => {
    expect(visible('a\x1b[2J\u202eb\r\nc\td')).toBe('a\\x1b[2J\\u202eb\nc\td');
  });
});
