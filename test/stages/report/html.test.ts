import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeText, html } from '../../../src/html/html.ts';

describe('the html tag', () => {
  it('escapes text, keeps markup, joins lists, and leaves undefined out', () => {
    const items = ['a & b', '<c>'].map((text) => html`<li>${text}</li>`);
    expect(html`<ul title="${'"x"'}">${items}</ul>${undefined}${0}`.html).toBe(
      '<ul title="&quot;x&quot;"><li>a &amp; b</li><li>&lt;c&gt;</li></ul>0',
    );
  });

  it('never looks at inserted text again', () => {
    expect(html`${'$&'}${'${x}'}`.html).toBe('$&amp;${x}');
  });
});

describe('escapeText', () => {
  it('replaces what HTML cannot hold', () => {
    expect(escapeText('a\u0000\u001b\u0085\ud800\uffff\r\n\t')).toBe(
      'a\ufffd\ufffd\ufffd\ufffd\ufffd&#13;\n\t',
    );
  });

  it('leaves no character that could end a text or an attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeText(text)).not.toMatch(/[<>"'`]|&(?!#\d+;|\w+;)/);
      }),
    );
  });
});
