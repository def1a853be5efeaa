import { isObject, type Json, type JsonObject } from '../../contract/json.ts';
import { StageError } from '../../contract/stage-context.ts';
import { isTurns, readTurns, type Turn } from '../turns.ts';
import { conversationItems, type Turns } from './conversation-items.ts';
import { type DataItem, ItemFault, namingItem } from './data-item.ts';
import type { FieldMapping, FieldName } from './field-mapping.ts';
import { ItemFields } from './item-fields.ts';
import { mappingText, suggestedFields } from './suggest-fields.ts';

/** How the fields of data become items. */
export interface ItemSettings {
  readonly fields?: FieldMapping;
  /** Which answers of conversations; by default the last. */
  readonly turns?: Turns;
  /** Columns, or dotted paths into them, that items keep. */
  readonly keep?: readonly string[];
  /** Whether nothing is an empty text: in a table no field can be left out. */
  readonly blankIsText?: boolean;
}

/** Columns that hold a conversation in public data: OpenAI's, and ShareGPT's. */
const CONVERSATIONS = ['messages', 'conversations', 'conversation'];
const COLUMNS_SHOWN = 12;

/**
 * Makes items of the objects of a file: flat ones of {instruction, input?, output?}, conversations, and preference pairs
 * with `chosen` and `rejected`. All have an answer, or none has: the first decides.
 */
export class ItemReader {
  readonly fields: ItemFields;
  /** Turns of conversations that are in no item. */
  droppedTurns = 0;
  /** Conversations that such turns were in. */
  conversationsCut = 0;
  readonly #settings: ItemSettings;
  #haveAnswers: boolean | undefined;

  /** Throws StageError for a template among the fields that is no Jinja. */
  constructor(settings: ItemSettings) {
    this.#settings = settings;
    this.fields = new ItemFields(settings.fields ?? {});
  }

  /**
   * The items of one object, which `where` names in errors, and `index` counts. Throws ItemFault where it is wrong, and
   * StageError where a template among the fields cannot be rendered.
   */
  read(value: unknown, where: string, index: number): readonly DataItem[] {
    if (!isObject(value)) throw new ItemFault(`${where} is not an object`);
    const items = namingItem(where, () => this.#itemsOf(value, where, index));
    for (const { output } of items) this.#checkAnswer(value, output !== undefined, where);
    const kept = this.#keptOf(value);
    return kept === undefined ? items : items.map((item) => ({ ...item, kept }));
  }

  /** Throws StageError for columns that `fields` or `keep` name and that no item has. */
  checkNames(): void {
    const [name] = this.fields.neverFound(this.#settings.keep ?? []);
    if (name === undefined) return;
    throw new StageError(`The settings name the field ${JSON.stringify(name)}, which no item has.`, {
      hint: 'Correct its name under `fields` or `keep`, or leave it out there.',
    });
  }

  /** What to do about an object that was wrong: its columns, and the mapping that would fit them. */
  hintFor(value: unknown): string {
    const needs =
      'Every item needs the texts "instruction" and "output", or "chosen" and "rejected" in its place, or a conversation in "messages"; "input" may be left out.';
    if (!isObject(value)) return needs;
    const columns = Object.keys(value);
    const more = columns.length > COLUMNS_SHOWN ? ', …' : '';
    const names = columns.slice(0, COLUMNS_SHOWN).join(', ') + more;
    const has = columns.length === 0 ? 'It has no fields.' : `It has the fields: ${names}.`;
    const suggested = suggestedFields(value, this.#settings.keep);
    const isOther = Object.entries(suggested ?? {}).some(([name, column]) => name !== column);
    if (suggested && isOther && this.#settings.fields === undefined)
      return `${has} If they mean the same, write under \`with\`: ${mappingText(suggested)}`;
    return `${has} ${needs} \`fields\` maps other names.`;
  }

  #itemsOf(item: JsonObject, where: string, index: number): readonly DataItem[] {
    const chosen = this.fields.read(item, 'chosen');
    const rejected = this.fields.read(item, 'rejected');
    if (isThere(chosen) || isThere(rejected)) return [this.#pair(item, chosen, rejected, where)];
    const turns = this.#turnsOf(item, where);
    if (turns !== undefined) return this.#conversation(turns, where, index);
    return [this.#flat(item, where)];
  }

  /** An item of texts. The answers of a pair are read elsewhere. */
  #flat(item: JsonObject, where: string, isPair = false): DataItem {
    const faults: string[] = [];
    const text = (name: FieldName, isNeeded: boolean): string | undefined => {
      const value = this.fields.read(item, name);
      if (typeof value === 'string') return value;
      if (value === null && this.#settings.blankIsText) return '';
      if (isThere(value)) faults.push(`${this.fields.placeOf(name)} of ${where} is not a text`);
      else if (isNeeded) faults.push(`${where} has no ${this.fields.placeOf(name)}`);
      return undefined;
    };
    const instruction = text('instruction', true);
    const input = text('input', false) ?? '';
    const output = isPair ? undefined : text('output', this.#haveAnswers === true);
    const system = this.fields.isMapped('system') ? text('system', false) : undefined;
    if (faults.length > 0) throw new ItemFault(faults.join('; '));
    return {
      instruction: instruction!,
      input,
      ...(output !== undefined && { output }),
      ...(system && { system }),
    };
  }

  /** The conversation of an item; undefined where it is none. */
  #turnsOf(item: JsonObject, where: string): readonly Turn[] | undefined {
    if (this.fields.isMapped('messages')) {
      const place = this.fields.placeOf('messages');
      const value = this.fields.read(item, 'messages');
      if (!isThere(value)) throw new ItemFault(`${where} has no ${place}`);
      return this.#turns(value, `${place} of ${where}`);
    }
    const prompt = this.fields.read(item, 'instruction') ?? this.#promptTurns(item);
    if (isTurns(prompt)) return this.#completed(item, prompt, where);
    if (isThere(prompt)) return undefined;
    const column = CONVERSATIONS.find((name) => Array.isArray(unpacked(item[name])));
    if (column === undefined) return undefined;
    return this.#turns(this.fields.column(item, column), `"${column}" of ${where}`);
  }

  /** A prompt of messages, with the completion that trainers of TRL have next to it. */
  #completed(item: JsonObject, prompt: unknown, where: string): readonly Turn[] {
    const turns = this.#turns(prompt, `the prompt of ${where}`);
    const answer = this.fields.read(item, 'output') ?? this.fields.column(item, 'completion');
    return isThere(answer) ? [...turns, ...this.#answer(answer, `the completion of ${where}`)] : turns;
  }

  #promptTurns(item: JsonObject): unknown {
    return isTurns(item.prompt) ? this.fields.column(item, 'prompt') : undefined;
  }

  #conversation(turns: readonly Turn[], where: string, index: number): readonly DataItem[] {
    const which = this.#settings.turns ?? 'last';
    const found = conversationItems(turns, which);
    if (typeof found === 'string') throw new ItemFault(`the conversation of ${where} ${found}`);
    this.droppedTurns += found.dropped;
    if (found.dropped > 0) this.conversationsCut += 1;
    return which === 'last' ? found.items : found.items.map((item) => ({ ...item, conversation: index }));
  }

  #pair(item: JsonObject, chosen: unknown, rejected: unknown, where: string): DataItem {
    for (const [name, value] of [
      ['chosen', chosen],
      ['rejected', rejected],
    ] as const) {
      if (!isThere(value)) throw new ItemFault(`${where} has no ${this.fields.placeOf(name)}`);
    }
    const prompt = this.fields.read(item, 'instruction') ?? this.fields.column(item, 'prompt');
    const answers = [chosen, rejected].map((value, side) =>
      this.#answer(value, `${this.fields.placeOf(side === 0 ? 'chosen' : 'rejected')} of ${where}`),
    ) as [readonly Turn[], readonly Turn[]];
    const [good, bad] = answers;
    const isAlone = answers.every(([first, ...more]) => first!.role === 'assistant' && more.length === 0);
    if (isAlone && !isTurns(prompt)) {
      const named = this.fields.isMapped('instruction') ? item : { ...item, instruction: prompt as Json };
      return { ...this.#flat(named, where, true), output: good[0]!.content, rejected: bad[0]!.content };
    }
    const before = isAlone ? this.#turns(prompt, `the prompt of ${where}`) : [];
    const found = conversationItems([...before, ...good], 'last');
    if (typeof found === 'string') throw new ItemFault(`the conversation of ${where} ${found}`);
    const [asked] = found.items;
    const last = bad.at(-1)!;
    if (found.dropped > 0 || last.role !== 'assistant' || !sameTurns(good.slice(0, -1), bad.slice(0, -1)))
      throw new ItemFault(`the chosen and the rejected answer of ${where} do not answer the same`);
    return { ...asked!, rejected: last.content };
  }

  /** An answer as turns: a text is one by the assistant. */
  #answer(value: unknown, where: string): readonly Turn[] {
    if (typeof value === 'string') return [{ role: 'assistant', content: value }];
    if (!isTurns(value)) throw new ItemFault(`${where} is not a text`);
    return this.#turns(value, where);
  }

  #turns(value: unknown, where: string): readonly Turn[] {
    const turns = readTurns(unpacked(value));
    if (typeof turns === 'string') throw new ItemFault(`${where} ${turns}`);
    return turns;
  }

  #checkAnswer(item: JsonObject, has: boolean, where: string): void {
    const missing = `${where} has no ${this.fields.placeOf('output')}`;
    if (this.#haveAnswers === undefined) {
      if (!has && this.#shouldHaveAnswer(item)) throw new ItemFault(missing);
      this.#haveAnswers = has;
    } else if (has !== this.#haveAnswers) {
      throw new ItemFault(has ? `${where} has an output, but those before have none` : missing);
    }
  }

  /** Of an item without an answer: whether its columns, or the mapping, say that it should have one. */
  #shouldHaveAnswer(item: JsonObject): boolean {
    if (this.fields.isMapped('output')) return this.fields.read(item, 'output') === undefined;
    return suggestedFields(item, this.#settings.keep)?.output !== undefined;
  }

  #keptOf(item: JsonObject): Readonly<Record<string, Json>> | undefined {
    const { keep } = this.#settings;
    if (keep === undefined || keep.length === 0) return undefined;
    const values = keep.map((path) => [path, this.fields.column(item, path) ?? null] as const);
    return Object.fromEntries(values) as Record<string, Json>;
  }
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** A column of a table can hold a conversation as JSON. */
function unpacked(value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith('[')) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function sameTurns(one: readonly Turn[], other: readonly Turn[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
