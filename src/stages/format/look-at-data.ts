import { StageError } from '../../contract/stage-context.ts';
import { encodingOf } from '../../text/data/encoding-label.ts';
import { readData } from '../../text/data/read-data.ts';
import { ItemFault } from '../../text/items/data-item.ts';
import type { FieldMapping } from '../../text/items/field-mapping.ts';
import { ItemReader } from '../../text/items/item-reader.ts';
import { mappingText, suggestedFields } from '../../text/items/suggest-fields.ts';
import { Faults } from './faults.ts';

/** Items that are looked at: whoever starts a project does not wait for gigabytes. */
const MOST_LOOKED_AT = 20_000;

/** What a file of data is, for whoever writes a pipeline for it. */
export interface DataLook {
  /** `JSON`, `CSV` and so on. */
  readonly form: string;
  readonly records: number;
  /** There are more records, which were not looked at. */
  readonly more: boolean;
  /** The mapping that makes them fit, as a line of a pipeline; undefined where none is needed. */
  readonly fields?: string;
  /** Some have a system message or earlier turns, which only some prompt styles render. */
  readonly areConversations: boolean;
  /** Bytes in UTF-8 of the longest question with its answer. */
  readonly longest: number;
}

/**
 * Looks at a file of data as the `format` stage reads it, and finds the mapping that its first item needs. Throws StageError
 * where the encoding or the form of the file is none, where items are wrong, or where they have no answers to learn from.
 */
export async function lookAtData(path: string, encoding = 'utf-8'): Promise<DataLook> {
  // The reader takes labels that the pipeline's check has let through.
  if (encodingOf(encoding) === undefined)
    throw new StageError(`"${encoding}" is not the name of an encoding.`, {
      hint: 'Write utf-8, windows-1252, utf-16le or another label of https://encoding.spec.whatwg.org',
    });
  const data = await readData({ path, name: 'The data', encoding, hasSettings: true });
  const blankIsText = data.form === 'CSV';
  let fields: FieldMapping | undefined;
  let reader = new ItemReader({ blankIsText });
  let faults = new Faults(reader);
  const look = { records: 0, more: false, areConversations: false, longest: 0 };
  let index = 0;
  for await (const { value, line } of data.items) {
    if (index === MOST_LOOKED_AT) {
      look.more = true;
      break;
    }
    const where = `item ${index}${line === undefined ? '' : ` (line ${line})`}`;
    if (index === 0) {
      fields = neededFields(value, where, blankIsText);
      reader = new ItemReader({ blankIsText, ...(fields && { fields }) });
      faults = new Faults(reader);
    }
    for (const item of faults.of(value, () => reader.read(value, where, index))) {
      const { instruction, input, output, system, history = [] } = item;
      if (output === undefined)
        throw new StageError(`The data holds prompts without answers: ${where} has no "output".`, {
          hint: 'A pipeline that trains needs answers. To let a model reply to prompts, give the records of `format` to `generate`.',
        });
      look.records += 1;
      look.areConversations ||= system !== undefined || history.length > 0;
      const before = history.map(({ content }) => content);
      const texts = [system ?? '', ...before, instruction, input, output];
      look.longest = Math.max(look.longest, Buffer.byteLength(texts.join('\n')));
    }
    index += 1;
  }
  faults.throwIfAny();
  if (index === 0) throw new StageError('The data holds no items.');
  return { form: data.form, ...look, ...(fields && { fields: mappingText(fields) }) };
}

/** The mapping without which the first item does not fit; undefined where it fits as it is, or none would help. */
function neededFields(value: unknown, where: string, blankIsText: boolean): FieldMapping | undefined {
  const fits = (fields?: FieldMapping) => {
    try {
      new ItemReader({ blankIsText, ...(fields && { fields }) }).read(value, where, 0);
      return true;
    } catch (error) {
      if (error instanceof ItemFault) return false;
      throw error;
    }
  };
  if (fits() || typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const suggested = suggestedFields(value as Parameters<typeof suggestedFields>[0]);
  return suggested !== undefined && fits(suggested) ? suggested : undefined;
}
