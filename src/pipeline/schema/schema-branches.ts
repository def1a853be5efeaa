import { schemaAt } from './schema-pointer.ts';
import type { JsonSchema } from './validation-schema.ts';
import type { SchemaError } from './validator.ts';

const UNIONS = new Set(['anyOf', 'oneOf']);

/**
 * Of each failed union keeps the errors of the branch that was meant, else the union's own error (its keyword then
 * `no-anyOf` or `no-oneOf`).
 */
export function chooseBranches(errors: readonly SchemaError[], schema: JsonSchema): readonly SchemaError[] {
  const union = errors
    .filter(({ keyword }) => UNIONS.has(keyword))
    .sort((a, b) => a.schemaPath.length - b.schemaPath.length)[0];
  if (union === undefined) return errors;
  const inside = errors.filter((error) => isInside(error, union));
  const others = errors.filter((error) => error !== union && !inside.includes(error));
  const chosen = meantBranch(inside, union, schema);
  return [...chooseBranches(chosen, schema), ...chooseBranches(others, schema)].concat(
    chosen.length === 0 ? { ...union, keyword: `no-${union.keyword}` } : [],
  );
}

function isInside(error: SchemaError, union: SchemaError): boolean {
  const sameValue =
    error.instancePath === union.instancePath || error.instancePath.startsWith(`${union.instancePath}/`);
  return sameValue && error.schemaPath.startsWith(`${union.schemaPath}/`);
}

/** Errors of the branch whose type fits the value and that has the fewest; none where no type fits. */
function meantBranch(
  inside: readonly SchemaError[],
  union: SchemaError,
  schema: JsonSchema,
): readonly SchemaError[] {
  const branches = schemaAt(schema, union.schemaPath) as unknown as readonly JsonSchema[];
  if (branches.every(isOnlyRequired)) return [];
  const groups = branches
    .map((_, index) =>
      inside.filter(({ schemaPath }) => `${schemaPath}/`.startsWith(`${union.schemaPath}/${index}/`)),
    )
    .filter((group) => group.length > 0 && !group.some((error) => isWrongKind(error, union)));
  return groups.sort((a, b) => a.length - b.length)[0] ?? [];
}

function isWrongKind({ keyword, instancePath }: SchemaError, union: SchemaError): boolean {
  return instancePath === union.instancePath && ['type', 'const', 'enum'].includes(keyword);
}

/** Whether a branch of a union says nothing but which keys there must be. */
export function isOnlyRequired(branch: JsonSchema): boolean {
  return Array.isArray(branch.required) && branch.properties === undefined;
}
