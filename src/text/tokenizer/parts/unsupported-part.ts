import { isObject } from '../../../contract/json.ts';

/** A part of a tokenizer that would give other ids than its library gives; the message says which, and what is known. */
export class UnsupportedPart extends Error {
  /** What is read instead. */
  readonly known: string;

  constructor(problem: string, known: string) {
    super(problem);
    this.known = known;
  }
}

/** A part of a tokenizer.json: an object with its type and settings. */
export type PartValues = Readonly<Record<string, unknown>>;

/** The steps of a part: of a sequence its members, each perhaps a sequence; none of what is null. */
export function stepsOf(part: unknown, list: string): readonly PartValues[] {
  if (part === undefined || part === null) return [];
  if (!isObject(part)) throw new UnsupportedPart(`${shortly(part)} is no part of a tokenizer`, 'objects');
  if (part.type !== 'Sequence') return [part];
  const members: unknown = part[list];
  if (!Array.isArray(members)) throw new UnsupportedPart(`a Sequence has no ${list}`, `${list}: [...]`);
  return members.flatMap((member) => stepsOf(member, list));
}

/** A value in a message: not longer than a line. */
export function shortly(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
