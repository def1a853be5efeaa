import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readScore } from '../../../../src/stages/judge/language-model/read-score.ts';

describe('the score in a reply', () => {
  it('is the integer that is the whole reply', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100 }),
        fc.constantFrom('', ' ', '\n', '\t\n '),
        (score, space) => {
          expect(readScore(`${space}${score}${space}`, 'stop')).toEqual({ score });
        },
      ),
    );
  });

  it.each([
    '85.',
    '+85',
    '**85**',
    '`85`',
    '**85**.',
    '85/100',
    '85 / 100.',
    '**85/100**',
    '85 out of 100',
    'Score: 85',
    'score = 85',
    'The score is 85.',
    'Final score: 85/100',
    'Overall rating: **85**',
    '**Score:** 85',
    '**Score: 85**',
    'Score:\n85',
    '{"score": 85}',
    ' {"reason": "good, 90 % of it", "score": 85} ',
    '```json\n{"score": 85}\n```',
    '```\n85\n```',
    '<think>90? Hmm.</think>\n\n85',
    '<think>\n\n</think>\n\n85',
    '<thinking>Maybe 7.</thinking> {"score": 85}',
    'The opening mark was in the template: 40.\n</think>\n\n85',
  ])('%j is 85', (reply) => {
    expect(readScore(reply, 'stop')).toEqual({ score: 85 });
  });

  it.each([
    ['', 'the reply is empty'],
    [' \n', 'the reply is empty'],
    ['Excellent!', 'the reply holds no number'],
    ['\u0661\u0660', 'the reply holds no number'],
    ['85.5', 'the reply is more than a score'],
    ["I'd rate it 85.", 'the reply is more than a score'],
    ['Score: 85\nBecause it is good.', 'the reply is more than a score'],
    ['8/10', 'the reply holds several numbers'],
    ['1e2', 'the reply holds several numbers'],
    ['8*5', 'the reply holds several numbers'],
    ['Between 80 and 90.', 'the reply holds several numbers'],
    ['85\n90', 'the reply holds several numbers'],
    ['101', 'the number is not from 0 to 100'],
    ['-5', 'the number is not from 0 to 100'],
    ['150/100', 'the number is not from 0 to 100'],
    ['{"score": 850}', 'the number is not from 0 to 100'],
    ['9'.repeat(400), 'the number is not from 0 to 100'],
    ['{"score": 85.5}', 'the "score" of the reply is not an integer'],
    ['{"score": "good"}', 'the "score" of the reply is not an integer'],
    ['{"grade": 85}', 'the JSON of the reply has no "score"'],
    ['{"score": 85, "score": 20}', 'the JSON of the reply has several scores'],
    ['{"score": 85', 'the reply begins as JSON and is none'],
    ['<think>It is 90.', 'the thoughts of the reply do not end'],
    ['<think>90</think> <think>85', 'the thoughts of the reply do not end'],
    ['<think>90</think>', 'the reply holds thoughts and no answer'],
  ])('%j is none', (reply, reason) => {
    expect(readScore(reply, 'stop')).toEqual({ score: null, reason });
  });

  it('is none where the reply was cut, for digits may be missing', () => {
    expect(readScore('10', 'length')).toEqual({
      score: null,
      reason: 'the reply was cut off at its greatest length',
    });
  });

  it('is never anything but an integer from 0 to 100, or null with a reason', () => {
    const pieces = fc.constantFrom(
      '85',
      '/',
      '100',
      '.',
      '**',
      '`',
      '{',
      '}',
      '"score"',
      ':',
      '<think>',
      '</think>',
      '-',
      ' ',
      '\n',
    );
    const replies = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[-+ 0-9./]*$/),
      fc.array(pieces).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(replies, (reply) => {
        const read = readScore(reply, 'stop');
        if (read.score === null) expect(read.reason).not.toBe('');
        else {
          expect(Number.isInteger(read.score) && !Object.is(read.score, -0)).toBe(true);
          expect(read.score).toBeGreaterThanOrEqual(0);
          expect(read.score).toBeLessThanOrEqual(100);
        }
      }),
    );
  });

  it('takes time in proportion to the length of the reply', () => {
    for (const piece of ['<think>', 'score ', '**', '{"score":', 'a', '9'])
      readScore(piece.repeat(200_000), 'stop');
  });
});
