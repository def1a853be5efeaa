import { describe, expect, it } from 'vitest';
import { concealCredentials, urlCredentials } from '../../../src/pipeline/resolve/url-credentials.ts';
import { processorTime } from '../../processor-time.ts';

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
    ['http:%2F%2Fme:word@host', ['%2F%2Fme:word']],
    ['https://me:wo/rd@host', ['me:wo/rd']],
    ['http://me:my word@host', ['me:my word']],
    ['postgres://me:wo#rd?@db', ['me:wo#rd?']],
    ['see https://a:b@c/?u=https://d:e@f', ['a:b', 'd:e']],
    ['https://a:b@c/?sig=d&x=1', ['a:b', 'd']],
    ['http:me@x,http://a:b@c', ['me', 'a:b']],
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
    'https://example.org:8080/@scope/package',
    'http://localhost:$PORT/@scope',
    'registry/image:tag@sha256:00',
    'http://[::1]:80/@x',
  ])('finds none in %s', (text) => {
    expect(urlCredentials(text)).toEqual([]);
  });

  it.each([
    'a.',
    '/',
    '\\',
    'http:',
    '://a:',
    '//a:b@',
    'http://a:b@c ',
    '@',
    '?token=',
    '&token=b',
    '\t',
    'http:@',
  ])('takes no more than time in proportion to %j again and again', async (piece) => {
    const took = (times: number) => {
      const text = `@ ${piece.repeat(times)} //x?`;
      return processorTime(() => concealCredentials(text));
    };
    const short = Math.min(await took(20_000), await took(20_000));
    expect(await took(160_000)).toBeLessThan(20 * short + 500);
  });

  it('lets a text be shown without them', () => {
    expect(concealCredentials('see https://me:word@example.org/?sig=abc')).toBe(
      'see https://•••@example.org/?sig=•••',
    );
  });
});
