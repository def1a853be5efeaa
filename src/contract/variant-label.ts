/** The values in the label of a variant, as they are written, by parameter: `lr=0.01,model=small`. */
export function valuesInLabel(label: string): ReadonlyMap<string, string> {
  return new Map(
    label.split(/,\s*(?=[A-Za-z_][\w-]*=)/).map((part): [string, string] => {
      const equals = part.indexOf('=');
      return [part.slice(0, equals), part.slice(equals + 1)];
    }),
  );
}
