import { type StageContext, StageError } from '../../contract/stage-context.ts';
import { type DataForm, type DataReading, readData } from '../../text/data/read-data.ts';
import { type DataItem, namingItem } from '../../text/items/data-item.ts';
import { Findings } from '../../text/items/findings.ts';
import { ItemReader } from '../../text/items/item-reader.ts';
import { renderPrompt, renderResponse } from '../../text/prompt/prompt-style.ts';
import { type InstructionRecord, writeRecords } from '../../text/records.ts';
import { Conversations } from './conversations.ts';
import { Faults } from './faults.ts';
import type { FormatSettings } from './settings.ts';

type Context = StageContext<FormatSettings>;

/** Items between two reports of progress. */
const ITEMS_AT_ONCE = 10_000;
/** So much of a text of the first record is logged. */
const LONGEST_SHOWN = 400;

/** Why there may be none, by the form that the data was taken for. */
const NO_ITEMS: Readonly<Record<DataForm, string>> = {
  CSV: 'It was read as CSV, whose first line names the columns: no other line follows it. Is it the right file?',
  JSON: 'Its array is empty. Is it the right file?',
  'JSON Lines': 'Is it the right file?',
  Parquet: 'Its table has no rows. Is it the right file?',
};

/** The work of the `format` stage: data in any of its forms in, records out, one after the other. */
export async function runFormat(context: Context): Promise<void> {
  const { settings, inputs, outputs, log, warnOfResult } = context;
  const { encoding, records, keep = [] } = settings;
  const data = await readData({
    path: inputs.data!.path,
    name: 'The data',
    encoding,
    ...(records !== undefined && { records }),
    hasSettings: true,
  });
  log(`the data is ${data.form}${data.detail ? ` with ${data.detail}` : ''}`);
  const reader = new ItemReader({ ...settings, blankIsText: data.form === 'CSV' });
  const findings = new Findings(reader, keep);
  const conversations = new Conversations(settings);
  const count = { records: 0, prompts: 0 };
  await writeRecords(outputs.records!, recordsOf(context, data, { reader, findings, conversations }, count));
  for (const { message, hint } of [...findings.all(), ...conversations.findings()])
    warnOfResult(message, hint);
  log(`${count.records} records${count.prompts > 0 ? ', prompts without outputs' : ''}`);
}

interface Parts {
  readonly reader: ItemReader;
  readonly findings: Findings;
  readonly conversations: Conversations;
}

/** The records of the data. Throws StageError when all items are read, if some are wrong or there are none. */
async function* recordsOf(
  { settings, signal, progress, log }: Context,
  { form, items }: DataReading,
  { reader, findings, conversations }: Parts,
  count: { records: number; prompts: number },
): AsyncGenerator<InstructionRecord> {
  const faults = new Faults(reader);
  let index = 0;
  for await (const { value, line } of items) {
    const where = `item ${index}${line === undefined ? '' : ` (line ${line})`}`;
    for (const item of faults.of(value, () => reader.read(value, where, index))) {
      conversations.check(item, where);
      const record = namingItem(where, () => recordOf(settings, item, count.records));
      findings.addItem(item, record.id);
      if (record.id === 0) log(exampleOf(record));
      if (item.output === undefined) count.prompts += 1;
      count.records += 1;
      yield record;
    }
    findings.addColumns(Object(value));
    index += 1;
    if (index % ITEMS_AT_ONCE === 0) {
      progress({ done: index, total: null, unit: 'items' });
      signal.throwIfAborted();
    }
  }
  faults.throwIfAny();
  if (index === 0) throw new StageError('The data holds no items.', { hint: NO_ITEMS[form] });
  reader.checkNames();
}

function recordOf({ prompt: style, turns }: FormatSettings, item: DataItem, id: number): InstructionRecord {
  const { instruction, input, output, rejected, system, history, conversation, kept } = item;
  const response = (output: string) => renderResponse(style, { ...item, output });
  return {
    id,
    instruction,
    input,
    ...(output !== undefined && { output }),
    prompt: renderPrompt(style, item),
    ...(output !== undefined && { response: response(output) }),
    ...(rejected !== undefined && { rejected: response(rejected) }),
    ...(system !== undefined && { system }),
    ...(history !== undefined && { history }),
    ...(conversation !== undefined && { conversation }),
    ...(style.chat_template === 'model' && { chat_turns: turns === undefined ? 'all' : 'last' }),
    ...kept,
  };
}

/** A person sees what a mapping and a style make of the data before anything is trained on it. */
function exampleOf({ prompt, response }: InstructionRecord): string {
  const shown = (text: string) => {
    const short = text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
    return JSON.stringify(short.toWellFormed());
  };
  return `the first record has the prompt ${shown(prompt)}${response === undefined ? '' : ` and the response ${shown(response)}`}`;
}
