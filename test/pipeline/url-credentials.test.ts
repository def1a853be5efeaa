import { describe, expect, it } from 'vitest';
import { concealCredentials, urlCredentials } from '../../src/pipeline/url-credentials.ts';

describe('urlCredentials', () => {
  it.each([
    ['https://me:word@example.org/a', ['me:word']],
    ['postgres://me:word@db/x', ['me:word']],
    ['https://ghp_123@github.com/a/b', ['ghp_123']],
    ['https://example.org/?api_key=1&x=2', ['1']],
    ['https://example.org/?a=b&X-Amz-Signature=s#f', ['s']],
    ['http:\\\\me:word@host/a', ['me:word']],
    ['http:me:word@host', ['me:word']],
    ['//me:word@host', ['me:word']],
    ['HTTP:////me:word@host', ['me:word']],
    ['http://me%3Aword@host', ['me%3Aword']],
    ['ht\ntp://me:word@host', ['me:word']],
    ['http:/\t/me:wo\nrd@host', ['http:/\t/me:wo\nrd@host']],
    ['curl https://a:b@c/ && curl "https://d/?token=e"', ['a:b', 'e']],
  ])('finds those of %s', (text, secrets) => {
    expect(urlCredentials(text).map(({ secret }) => secret)).toEqual(secrets);
  });

  it.each([
    'https://example.org/a?page=2&version=3',
    'https://example.org/@scope/package',
    'https://example.org/?tokenizer=gpt2&tokens=5',
    'ssh://git@example.org/repository',
    'me@example.org wrote: api_key=1',
    'https://example.org/?token=',
  ])('finds none in %s', (text) => {
    expect(urlCredentials(text)).toEqual([]);
  });

  it('lets a text be shown without them', () => {
    expect(concealCredentials('see https://me:word@example.org/?sig=abc')).toBe(
      'see https://•••@example.org/?sig=•••',
    );
  });
});
