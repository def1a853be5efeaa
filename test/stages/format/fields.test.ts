import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { format } from '../../../src/stages/format/format.ts';
import { readRecords } from '../../../src/text/records.ts';
import { freshDirectory, removeDirectories, runStage } from '../run-stage.ts';

afterEach(removeDirectories);

const prompt = { prompt: '{{ instruction }}|{{ input }}', response: '=> {{ output }}', header: '', stop: [] };
const SPOKEN = {
  prompt:
    '{{ system }}/{% for turn in history %}{{ turn.role }}: {{ turn.content }}/{% endfor %}{{ instruction }}',
  response: '=> {{ output }}',
  header: '',
  stop: [],
};

async function formatted(items: unknown, settings: Record<string, unknown> = {}) {
  const path = join(freshDirectory(), 'data');
  writeFileSync(path, typeof items === 'string' ? items : JSON.stringify(items));
  const { outputs, events } = await runStage(format, {
    with: { prompt, ...settings },
    inputs: { data: path },
  });
  return {
    records: await readRecords(outputs.records!),
    warnings: events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])),
    logs: events.flatMap((event) => (event.type === 'log' ? [event.message] : [])),
  };
}
const texts = async (items: unknown, settings: Record<string, unknown> = {}) =>
  (await formatted(items, settings)).records.map(({ prompt, response }) => `${prompt} ${response}`);

const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });

describe('what would change on its way into a model', () => {
  const half = '\uD83D';

  it.each([
    ['an instruction', { instruction: `a ${half}`, output: 'b' }],
    ['an output', { instruction: 'a', output: `${half}b` }],
    ['an earlier turn', { messages: [user(half), assistant('b'), user('c'), assistant('d')] }],
  ])('is reported: half of a character in %s', async (_, item) => {
    const { warnings } = await formatted([{ instruction: 'whole \u{1F600}', output: '\\ud83d' }, item], {
      prompt: SPOKEN,
    });
    expect(warnings.join()).toContain(
      '1 of 2 records holds half of a character (record 1): a surrogate without its pair',
    );
  });

  it('is reported: a kept number that cannot be held exactly', async () => {
    const line = (id: string) => `{"instruction": "a${id}", "output": "b", "meta": {"ids": [${id}]}}\n`;
    const { warnings } = await formatted(
      ['9007199254740991', '1234567890123456789', '0.1'].map(line).join(''),
      { keep: ['meta'] },
    );
    expect(warnings).toEqual([
      '1 of 3 records keeps a whole number of more than 15 digits (record 1), which may be rounded',
    ]);
  });
});

describe('data without use', () => {
  it.each([
    ['', /CSV.*no other line/],
    ['"hello"', /CSV.*no other line/],
    ['[]', /array is empty/],
  ])('says what it was taken for: %j', async (text, hint) => {
    await expect(formatted(text)).rejects.toMatchObject({
      message: 'The data holds no items.',
      hint: expect.stringMatching(hint),
    });
  });

  it('names the item whose text is longer than any prompt', async () => {
    const output = 'x'.repeat(20_000_000);
    await expect(
      formatted([
        { instruction: 'a', output: 'b' },
        { instruction: 'a', output },
      ]),
    ).rejects.toThrow(/^item 1: .* asks for too much/);
  });

  it.each(['utf-32le', 'utf-32be'])('is not taken for UTF-16 in %s', async (encoding) => {
    const units = [0xfeff, ...Buffer.from('[{}]')];
    const bytes = Buffer.alloc(units.length * 4);
    for (const [n, unit] of units.entries())
      encoding === 'utf-32le' ? bytes.writeUInt32LE(unit, n * 4) : bytes.writeUInt32BE(unit, n * 4);
    const path = join(freshDirectory(), 'data');
    writeFileSync(path, bytes);
    await expect(runStage(format, { with: { prompt }, inputs: { data: path } })).rejects.toMatchObject({
      message: 'The data is text in UTF-32, not in UTF-8.',
      hint: expect.stringContaining('iconv -f UTF-32'),
    });
  });
});

describe('fields of other names', () => {
  it.each([
    ['columns', { q: 'Big?', a: 'yes' }, { instruction: 'q', output: 'a' }],
    [
      'paths',
      { qa: { q: 'Big?', answers: { text: ['yes', 'no'] } } },
      { instruction: 'qa.q', output: 'qa.answers.text.0' },
    ],
    ['a column whose name has a dot', { 'qa.q': 'Big?', a: 'yes' }, { instruction: 'qa.q', output: 'a' }],
    [
      'templates',
      { q: { text: 'Big' }, a: 'yes' },
      { instruction: '{{ q.text }}?', output: '{{ a | lower }}' },
    ],
    [
      'an input that is the instruction',
      { input: 'Big?', target: 'yes' },
      { instruction: 'input', output: 'target' },
    ],
  ])('are mapped by %s', async (_, item, fields) => {
    expect(await texts([item], { fields })).toEqual(['Big?| => yes']);
  });

  it.each([
    [{ question: 'a', answer: 'b' }, 'fields: { instruction: question, output: answer }'],
    [{ prompt: 'a', completion: 'b' }, 'fields: { instruction: prompt, output: completion }'],
    [{ instruction: 'a', context: 'c', response: 'b' }, 'fields: { output: response, input: context }'],
    [{ Question: 'a', 'Best Answer': 'b', answer: 'c' }, 'fields: { instruction: Question, output: answer }'],
    [{ input: 'a', output: 'b' }, 'fields: { instruction: input }'],
    [{ instruction: 'a', ouput: 'b' }, 'fields: { output: ouput }'],
    [{ chat: [user('a'), assistant('b')] }, 'fields: { messages: chat }'],
    [
      { system_prompt: 's', question: 'a', response: 'b' },
      'fields: { instruction: question, output: response, system: system_prompt }',
    ],
  ])('%j are refused with the mapping to write', async (item, mapping) => {
    await expect(formatted([item])).rejects.toMatchObject({
      message: expect.stringMatching(
        /^The data is not instruction data: item 0 has no "(instruction|output)"\.$/,
      ),
      hint: expect.stringContaining(mapping),
    });
    const fields = Object.fromEntries(
      [...mapping.matchAll(/(\w+): (\w+)[,\s]/g)].map(([, name, column]) => [name, column]),
    );
    expect((await formatted([item], { fields })).records).toHaveLength(1);
  });

  it('that nobody can guess are named', async () => {
    await expect(formatted([{ left: 'a', right: 'b' }])).rejects.toMatchObject({
      hint: expect.stringMatching(/^It has the fields: left, right\. /),
    });
    await expect(formatted([{}])).rejects.toMatchObject({
      hint: expect.stringMatching(/^It has no fields\. /),
    });
  });

  it('that have their right names already are not suggested', async () => {
    const item = { messages: [{ role: 'tool', content: 'a' }, assistant('b')] };
    await expect(formatted([item])).rejects.toMatchObject({
      message: expect.stringContaining('a message 0 by "tool"'),
      hint: expect.not.stringContaining('If they mean the same'),
    });
  });

  it.each([
    [{ fields: { input: 'contxt' } }, 'The settings name the field "contxt", which no item has.'],
    [{ keep: ['categry'] }, 'The settings name the field "categry", which no item has.'],
  ])('that no item has are refused: %j', async (settings, message) => {
    await expect(formatted([{ instruction: 'a', output: 'b' }], settings)).rejects.toThrow(message);
  });

  it('are not taken from names that an item does not have', async () => {
    const items = [
      { q: 'a', unit: 'm', a: 'b' },
      { q: 'c', a: 'd' },
    ];
    await expect(
      formatted(items, { fields: { instruction: '{{ q }} {{ unit }}', output: 'a' } }),
    ).rejects.toThrow('item 1: `fields.instruction` names `unit`, which is undefined.');
  });

  it('have the line of the file in their messages', async () => {
    await expect(
      formatted('instruction,output\na,b\n\n"c\nd",e\n', { fields: { output: 'answer' } }),
    ).rejects.toThrow('item 0 (line 2) has no "answer"');
  });

  it('are empty texts where a table has nothing', async () => {
    expect(await texts('instruction,input,output\na,,\nb,c,d\n')).toEqual(['a| => ', 'b|c => d']);
  });
});

describe('a conversation', () => {
  const spoken = (items: unknown, settings = {}) => texts(items, { prompt: SPOKEN, ...settings });
  const long = {
    messages: [
      { role: 'system', content: 'Be brief.' },
      user('a'),
      assistant('b'),
      user('c'),
      assistant('d'),
    ],
  };

  it.each([
    ['of OpenAI', { messages: [user('a'), assistant('b')] }],
    [
      'of ShareGPT',
      {
        conversations: [
          { from: 'human', value: 'a' },
          { from: 'gpt', value: 'b' },
        ],
      },
    ],
    [
      'with parts of text',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'a' }] }, assistant('b')] },
    ],
    ['as a prompt and a completion', { prompt: [user('a')], completion: [assistant('b')] }],
    ['in a column of another name', { chat: [user('a'), assistant('b')] }, { fields: { messages: 'chat' } }],
  ])('%s is an instruction and its output', async (_, item, settings: object = {}) => {
    expect(await spoken([item], settings)).toEqual(['/a => b']);
  });

  it('as JSON in a column of a table is read too', async () => {
    const cell = JSON.stringify([user('a'), assistant('b')]).replaceAll('"', '""');
    expect(await spoken(`messages\n"${cell}"\n`)).toEqual(['/a => b']);
  });

  it('of several turns has the last answer as its response and the others before it', async () => {
    expect(await spoken([long])).toEqual(['Be brief./user: a/assistant: b/c => d']);
    const { records } = await formatted([long], { prompt: SPOKEN });
    expect(records[0]).toMatchObject({ system: 'Be brief.', history: [user('a'), assistant('b')] });
  });

  it('gives a record for each answer where that is wanted, all with its number', async () => {
    const items = [{ messages: [user('x'), assistant('y')] }, long];
    expect(await spoken(items, { turns: 'each' })).toEqual([
      '/x => y',
      'Be brief./a => b',
      'Be brief./user: a/assistant: b/c => d',
    ]);
    const { records } = await formatted(items, { prompt: SPOKEN, turns: 'each' });
    expect(records.map(({ id, conversation }) => [id, conversation])).toEqual([
      [0, 0],
      [1, 1],
      [2, 1],
    ]);
  });

  it('is refused by a style that leaves its earlier turns out, unless that is meant', async () => {
    await expect(formatted([{ messages: [user('x'), assistant('y')] }, long])).rejects.toMatchObject({
      message:
        'The conversation of item 1 has 2 turns before its last question, but the prompt style leaves `history` out.',
      hint: expect.stringMatching(/chatml.*turns: last.*turns: each/),
    });
    const { records, warnings } = await formatted([long], { turns: 'last' });
    expect(records[0]).toMatchObject({ prompt: 'c|', response: '=> d' });
    expect(warnings).toEqual([
      'the prompt style leaves out the system message of 1 record',
      'the prompt style leaves out the earlier turns of 1 record',
    ]);
  });

  it('has the turns counted that are in no record', async () => {
    const { records, warnings } = await formatted([
      { messages: [user('a'), assistant('b'), user('c')] },
      { messages: [user('a'), assistant('d')] },
    ]);
    expect(records).toHaveLength(2);
    expect(warnings).toEqual(['1 conversation has turns in no record (1 turns)']);
  });

  it.each([
    [
      [assistant('b')],
      'the conversation of item 0 has no message of the user right before that of the assistant',
    ],
    [[], 'is not a list of messages'],
    [
      [user('a'), { role: 'tool', content: 'b' }],
      '"messages" of item 0 has a message 1 by "tool"; system, user and assistant are read',
    ],
    [
      [user('a'), { role: 'assistant', content: null }],
      '"messages" of item 0 has a message 1 without a text',
    ],
  ])('%j is refused', async (messages, message) => {
    const reading = formatted([{ messages }]);
    await expect(reading).rejects.toThrow(
      messages.length === 0 ? '"messages" of item 0 is an empty conversation' : message,
    );
  });
});

describe('preference pairs of TRL', () => {
  const expected = { prompt: 'a|', response: '=> b', rejected: '=> c' };
  it.each([
    ['texts', { prompt: 'a', chosen: 'b', rejected: 'c' }],
    ['answers as messages', { prompt: 'a', chosen: [assistant('b')], rejected: [assistant('c')] }],
    ['all as messages', { prompt: [user('a')], chosen: [assistant('b')], rejected: [assistant('c')] }],
    [
      'the prompt in both answers',
      { chosen: [user('a'), assistant('b')], rejected: [user('a'), assistant('c')] },
    ],
    [
      'the prompt twice',
      { prompt: 'a', chosen: [user('a'), assistant('b')], rejected: [user('a'), assistant('c')] },
    ],
  ])('are read with %s', async (_, item) => {
    expect((await formatted([item])).records).toMatchObject([expected]);
  });

  it('keep their earlier turns', async () => {
    const before = [user('x'), assistant('y'), user('a')];
    const item = { prompt: before, chosen: [assistant('b')], rejected: [assistant('c')] };
    expect((await formatted([item], { prompt: SPOKEN })).records).toMatchObject([
      { prompt: '/user: x/assistant: y/a', response: '=> b', rejected: '=> c' },
    ]);
  });

  it('are refused where their answers do not answer the same', async () => {
    const item = { chosen: [user('a'), assistant('b')], rejected: [user('z'), assistant('c')] };
    await expect(formatted([item])).rejects.toThrow(
      'the chosen and the rejected answer of item 0 do not answer the same',
    );
  });
});

describe('prompts without answers', () => {
  it.each([
    ['no output', [{ instruction: 'a' }, { instruction: 'b', input: 'c' }]],
    [
      'outputs that are null',
      [
        { instruction: 'a', output: null },
        { instruction: 'b', input: 'c', output: null },
      ],
    ],
    ['questions alone', [{ messages: [user('a')] }, { messages: [user('b|c')] }]],
  ])('are records: %s', async (_, items) => {
    const { records, logs } = await formatted(items);
    expect(records.map(({ output, response }) => [output, response])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect(records[0]).toMatchObject({ id: 0, prompt: 'a|' });
    expect(logs).toContain('2 records, prompts without outputs');
  });

  it.each([
    [[{ instruction: 'a', output: 'b' }, { instruction: 'c' }], 'item 1 has no "output"'],
    [
      [{ instruction: 'a' }, { instruction: 'c', output: 'd' }],
      'item 1 has an output, but those before have none',
    ],
  ])('are not mixed with others: %j', async (items, message) => {
    await expect(formatted(items)).rejects.toThrow(message);
  });
});

describe('what is said of data', () => {
  it('is which parts are empty, repeated or not used', async () => {
    const item = (n: number) => ({ instruction: `${n}`, output: `${n}` });
    const { warnings } = await formatted([
      item(0),
      { ...item(1), output: ' ' },
      { ...item(2), category: 'x', id: 7 },
      item(0),
      ...Array.from({ length: 7 }, () => item(9)),
    ]);
    expect(warnings).toEqual([
      '1 of 11 records has an empty output (record 1)',
      '7 of 11 records repeat an earlier one (records 3, 5, 6, 7, 8, …)',
      'fields that are not used: category, id',
    ]);
  });

  it('is nothing where all is well', async () => {
    const item = { q: 'a', a: 'b', topic: { name: 'c' }, level: 1 };
    const fields = { instruction: '{{ q }}', output: 'a' };
    const { warnings, records } = await formatted([item], { fields, keep: ['topic.name', 'level'] });
    expect(warnings).toEqual([]);
    expect(records[0]).toMatchObject({ 'topic.name': 'c', level: 1 });
  });

  it('is what the first record became', async () => {
    const { logs } = await formatted([{ instruction: 'a\nb', output: 'c' }]);
    expect(logs).toEqual([
      'the data is JSON',
      'the first record has the prompt "a\\nb|" and the response "=> c"',
      '1 records',
    ]);
  });
});

it('settings that cannot work are found before anything runs', async () => {
  const problems = await format.checkSettings!({ prompt, encoding: 'utf-9', keep: ['topic', 'prompt'] });
  expect(problems.map(({ path, message }) => [path, message])).toEqual([
    [['encoding'], '"utf-9" is not the name of an encoding'],
    [['keep'], 'every record has the field `prompt` of its own'],
  ]);
});
