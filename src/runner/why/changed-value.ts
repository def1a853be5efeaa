import type { ActionRecord } from '../../cache/records/action-record.ts';
import { type Change, describeChange } from '../../cache/records/manifest-diff.ts';
import type { Cause } from '../events/explanation.ts';
import type { ChangedParameters } from './parameters.ts';
import type { Seen } from './scene.ts';

/** The cause that is a change of a stage itself; `before`: the record of what the stage was. */
export async function changedValue(
  stage: string,
  { manifest }: Seen,
  { change, before }: { readonly change: Change; readonly before: ActionRecord | undefined },
  changed: ChangedParameters,
): Promise<Cause> {
  const text = describeChange(change);
  const written = { change: asWritten(change) };
  switch (change.path.replace(/[.[].*/su, '')) {
    case 'settings': {
      const parameters = await changed.behind(change, stage, before);
      if (parameters.length === 0) return { kind: 'setting', message: `setting ${text}`, ...written };
      const by = parameters.map(({ name, text }) => `parameter ${name}${text}`).join(', ');
      const names = parameters.map(({ name }) => name);
      return { kind: 'setting', message: `setting ${text} (${by})`, ...written, parameters: names };
    }
    case 'inputs': {
      const message = change.after === undefined ? `${describeInput(change)} is removed` : text;
      return { kind: 'input', message, ...written };
    }
    case 'executable':
      return { kind: 'input', message: text, ...written };
    case 'env':
      return { kind: 'env', message: text, ...written };
    case 'observed':
      return { kind: 'observed', message: text, ...written };
    default: {
      const of = manifest === undefined || change.path !== 'version' ? '' : `stage type ${manifest.type}: `;
      return { kind: 'version', message: of + text, ...written };
    }
  }
}

/** `input records`, `input scores["epochs=1"]`. */
export function describeInput({ path }: Change): string {
  return path.replace(/^inputs\.?/, 'input ');
}

export function asWritten({ path, before, after }: Change): NonNullable<Cause['change']> {
  return { path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
}
