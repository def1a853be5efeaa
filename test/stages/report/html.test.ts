import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataBlock } from '../../../src/html/data-block.ts';
import { htmlDocument } from '../../../src/html/document.ts';
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

describe('dataBlock', () => {
  it('holds any value, and nothing that a parser of HTML or of old scripts would stop at', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const { html: block } = dataBlock('data', [value, '</script>', '<!--<script>', '\u2028\u2029', '\0']);
        const [, json] =
          /^<script type="application\/json" id="data">([^<>&\u2028\u2029\0]*)<\/script>$/.exec(block)!;
        expect(JSON.parse(json!)[0]).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('htmlDocument', () => {
  it('refuses a script that would end its own element', () => {
    expect(() => htmlDocument('A page', [], { script: 'const a = "</SCRIPT>";' })).toThrow('holds markup');
  });
});
