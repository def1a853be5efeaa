import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secrets } from '../../src/stage-process/secrets.ts';

/** What a stream shows that is given in chunks. */
function shown(secrets: Secrets, chunks: readonly Uint8Array[]): string {
  const filter = secrets.filter();
  return Buffer.concat([...chunks.map((chunk) => filter.write(chunk)), filter.end()]).toString();
}

describe('the value of a secret', () => {
  const secrets = new Secrets(['TOKEN', 'UNSET', 'EMPTY', 'PIN'], {
    TOKEN: 's3cr"t+ü',
    EMPTY: '',
    PIN: '123',
    OTHER: 'not a secret',
  });

  it('is replaced by its name wherever it stands', () => {
    expect(secrets.hide('a s3cr"t+ü b s3cr"t+üs3cr"t+ü not a secret')).toBe(
      'a ***TOKEN*** b ***TOKEN******TOKEN*** not a secret',
    );
  });

  it('is hidden as JSON writes it', () => {
    expect(secrets.hide(JSON.stringify({ token: 's3cr"t+ü' }))).toBe('{"token":"***TOKEN***"}');
  });

  it('is hidden in every text of a value, and nothing else is changed', () => {
    expect(secrets.hideIn({ done: 3, list: ['s3cr"t+ü', null], note: { of: 'is s3cr"t+ü' } })).toEqual({
      done: 3,
      list: ['***TOKEN***', null],
      note: { of: 'is ***TOKEN***' },
    });
  });

  it('that is too short is not hidden, but named', () => {
    expect(secrets.tooShort).toEqual(['PIN']);
    expect(secrets.hide('123')).toBe('123');
  });

  it('is hidden without the white space around it, and each line of many', () => {
    const key = new Secrets(['KEY'], { KEY: '-----BEGIN-----\nabcdefgh\nij\n-----END-----\n' });
    expect(key.hide('-----BEGIN-----\nabcdefgh\nij\n-----END-----')).toBe('***KEY***');
    expect(key.hide('| abcdefgh\n| ij')).toBe('| ***KEY***\n| ij');
  });

  it('that begins with another one is hidden whole', () => {
    const two = new Secrets(['SHORT', 'LONG'], { SHORT: 'abcd', LONG: 'abcdefgh' });
    expect(two.hide('abcdefgh abcd')).toBe('***LONG*** ***SHORT***');
    expect(shown(two, [Buffer.from('abcd'), Buffer.from('efgh ab'), Buffer.from('cd')])).toBe(
      '***LONG*** ***SHORT***',
    );
  });
});

describe('a stream', () => {
  it('without secrets passes unchanged and at once', () => {
    const filter = new Secrets([], {}).filter();
    const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x28]);
    expect(filter.write(bytes)).toEqual(bytes);
    expect(filter.end()).toHaveLength(0);
  });

  it('holds back no more than what may be the beginning of a secret', () => {
    const filter = new Secrets(['TOKEN'], { TOKEN: 'abcabc' }).filter();
    expect(filter.write(Buffer.from('xyz abca')).toString()).toBe('xyz ');
    expect(filter.write(Buffer.from('x ab')).toString()).toBe('abcax ');
    expect(filter.end().toString()).toBe('ab');
  });

  it('keeps bytes that are no text', () => {
    const filter = new Secrets(['TOKEN'], { TOKEN: 'abcd' }).filter();
    const bytes = Buffer.concat([Buffer.from([0xff, 0x80]), Buffer.from('abcd'), Buffer.from([0xc3])]);
    const passed = Buffer.concat([filter.write(bytes), filter.end()]);
    expect(passed.toString('latin1')).toBe('\xff\x80***TOKEN***\xc3');
  });

  it('shows the same however it is cut into chunks', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), minLength: 4, maxLength: 7 });
    fc.assert(
      fc.property(
        letters,
        letters,
        fc.array(fc.oneof(fc.constantFrom('a', 'b', ' ', 'é'), fc.constantFrom(0, 1)), { maxLength: 30 }),
        fc.array(fc.nat(6), { minLength: 1 }),
        (one, other, parts, sizes) => {
          const secrets = new Secrets(['ONE', 'OTHER'], { ONE: one, OTHER: other });
          const text = parts.map((part) => (part === 0 ? one : part === 1 ? other : part)).join('');
          const bytes = Buffer.from(text);
          const chunks: Uint8Array[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = 1 + sizes[turn % sizes.length]!;
            chunks.push(bytes.subarray(at, at + size));
            at += size;
          }
          expect(shown(secrets, chunks)).toBe(secrets.hide(text));
          expect(secrets.hide(text)).not.toContain(one);
        },
      ),
    );
  });
});
