import { Type } from 'typebox';
import { type InputArtifact, StageError } from '../contract/stage-context.ts';
import { defineStage } from '../contract/stage-type.ts';
import type { Chat } from '../text/chat/conversation-tokens.ts';
import type { AnsweredRecord } from '../text/records.ts';
import type { Encoding, Tokenizer } from '../text/tokenizer/tokenizer.ts';

const settings = Type.Object(
  {
    encoding: Type.Union([Type.Literal('gpt2'), Type.Literal('bytes')], {
      affects: 'result',
      default: 'gpt2',
      description:
        '`gpt2`: the byte-pair encoding of GPT-2, 50,257 tokens. `bytes`: one token for each UTF-8 byte and one for the end of text, for tiny models.',
    }),
  },
  { additionalProperties: false },
);

const PARTS = ['train', 'validation'] as const;
type Part = (typeof PARTS)[number];

const tokens = (part: Part) => ({
  artifact: 'file' as const,
  path: `${part}.safetensors`,
  description: `Token ids, offsets and prompt lengths of the ${part} records, safetensors.`,
});

/** Records encoded between two looks at the signal. */
const RECORDS_AT_ONCE = 256;

export const tokenize = defineStage({
  uses: 'tokenize',
  version: 2,
  summary: 'Turns records into token ids.',
  example: `
tokenize:
  uses: tokenize
  inputs: { train: split.train, validation: split.validation }
`,
  settings,
  inputs: {
    model: {
      artifact: 'directory',
      optional: true,
      description:
        'The model that the tokens are for, a Hugging Face folder: its own tokenizer makes them, whatever `encoding` says.',
    },
    train: { artifact: 'file', description: 'Records to train on, JSON Lines.' },
    validation: { artifact: 'file', description: 'Records to validate on, JSON Lines.' },
  },
  outputs: () => ({ train: tokens('train'), validation: tokens('validation') }),
  async run({ settings, inputs, outputs, signal, progress, log }) {
    const { setImmediate: eventLoop } = await import('node:timers/promises');
    const { writeTokens } = await import('../training/data/token-file.ts');
    const { wholeText } = await import('../text/tokenizer/tokenizer.ts');
    const { recordTokens } = await import('../text/chat/record-tokens.ts');
    const { tokenizer, chatFor } = await tokenizerOf(settings.encoding, inputs.model);
    const { encoding, vocabulary, vocabularySize, endOfText } = tokenizer;
    const made = { encoding, ...(vocabulary !== undefined && { vocabulary }), vocabularySize, endOfText };
    for (const part of PARTS) {
      const records = await recordsOf(part, inputs[part]!.path);
      const texts: Int32Array[] = [];
      const promptLengths: number[] = [];
      const counted: Int32Array[] = [];
      const chat = areConversations(part, records) ? await chatFor() : undefined;
      for (const record of records) {
        const { prompt, response } = record;
        if (chat !== undefined) {
          const tokens = recordTokens(chat, record, response);
          texts.push(tokens.ids);
          promptLengths.push(tokens.promptLength);
          counted.push(tokens.counted);
        } else {
          texts.push(wholeText(tokenizer, prompt + response));
          promptLengths.push(wholeText(tokenizer, prompt).length);
        }
        if (texts.length % RECORDS_AT_ONCE === 0) {
          progress({ done: texts.length, total: records.length, unit: `${part} records` });
          await eventLoop();
          signal.throwIfAborted();
        }
      }
      await writeTokens(outputs[part]!, { ...made, texts, promptLengths, ...(chat && { counted }) });
      log(`${part}: ${lengths(texts)}`);
    }
  },
});

/** What makes tokens of texts, and of conversations. */
interface TextTokenizers {
  readonly tokenizer: Tokenizer;
  readonly chatFor: () => Promise<Chat>;
}

async function tokenizerOf(encoding: Encoding, model: InputArtifact | undefined): Promise<TextTokenizers> {
  if (model === undefined) {
    const { tokenizerFor } = await import('../text/tokenizer/tokenizer.ts');
    const chatFor = () => {
      throw new StageError(
        'The records are conversations for the chat template of a model, but no model is given.',
        {
          hint: 'Give the model that is to be trained as the input `model`.',
        },
      );
    };
    return { tokenizer: await tokenizerFor(encoding), chatFor };
  }
  const { readConfig } = await import('../model/files/model-folder.ts');
  const { readModelTokenizer } = await import('../model/files/tokenizer/model-tokenizer.ts');
  const { readChat } = await import('../model/files/tokenizer/chat-template-file.ts');
  const own = await readModelTokenizer(model, await readConfig(model));
  return { tokenizer: own.tokenizer, chatFor: () => readChat(model, own) };
}

/** Throws StageError where only some of the records are. */
function areConversations(part: Part, records: readonly AnsweredRecord[]): boolean {
  const count = records.filter(({ chat_turns }) => chat_turns !== undefined).length;
  if (count === 0 || count === records.length) return count > 0;
  throw new StageError(
    `Input ${part}: ${count} of ${records.length} records are for a chat template, the others are not.`,
    {
      hint: 'Format all of them in one prompt style.',
    },
  );
}

async function recordsOf(part: Part, path: string): Promise<readonly AnsweredRecord[]> {
  const { answered, readRecords } = await import('../text/records.ts');
  const records = await readRecords(path)
    .then(answered)
    .catch((error: unknown) => {
      throw error instanceof StageError
        ? new StageError(`Input ${part}: ${error.message}`, { ...(error.hint && { hint: error.hint }) })
        : error;
    });
  if (records.length === 0) throw new StageError(`Input ${part}: there are no records in it.`);
  const empty = records.find(({ prompt, response }) => prompt + response === '');
  if (empty) {
    throw new StageError(`Input ${part}: prompt and response of record ${empty.id} are both empty.`, {
      hint: 'Leave the record out, or use a prompt style that writes something.',
    });
  }
  return records;
}

function lengths(texts: readonly Int32Array[]): string {
  const all = texts.reduce((sum, text) => sum + text.length, 0);
  const longest = texts.reduce((length, text) => Math.max(length, text.length), 0);
  return `${texts.length} texts, ${all} tokens, ${longest} in the longest`;
}
