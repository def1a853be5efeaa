import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { nameHint } from '../diagnostics/did-you-mean.ts';
import type { StageFields } from '../schema/pipeline-schema.ts';
import { locate, type Value } from '../yaml/value.ts';

/** What a stage takes must be declared, or a misspelt name would limit nothing, and be there as often. */
export function checkSlots(
  body: Value,
  fields: StageFields | undefined,
  {
    slots,
    diagnostics,
  }: { readonly slots: Readonly<Record<string, unknown>>; readonly diagnostics: DiagnosticList },
): void {
  for (const [name, wanted] of Object.entries(fields?.resources.slots ?? {})) {
    const { value, key } = locate(body, ['resources', 'slots', name]);
    const count = Object.hasOwn(slots, name) ? slots[name] : undefined;
    if (count === undefined) {
      diagnostics.add({
        code: 'unknown-slot',
        message: `the pipeline has no slot \`${name}\``,
        place: key ?? value.place,
        hint:
          Object.keys(slots).length > 0
            ? nameHint(name, Object.keys(slots), 'slots')
            : `say how many there are, at the top of the pipeline: \`slots: { ${name}: 1 }\``,
      });
    } else if (typeof count === 'number' && wanted > count) {
      diagnostics.add({
        code: 'too-many-slots',
        message: `it takes ${wanted} of the slot \`${name}\`, and there ${count === 1 ? 'is' : 'are'} ${count}`,
        place: value.place,
        hint: `take fewer, or have more: --slots ${name}=${wanted}`,
      });
    }
  }
}
