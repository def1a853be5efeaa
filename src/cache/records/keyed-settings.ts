import { canonicalJson } from '../../contract/canonical-json.ts';
import type { Json, JsonObject } from '../../contract/json.ts';
import type { SettingMarks, SettingsSchema } from '../../contract/settings.ts';

/** The parts of a JSON Schema that say where marks lie and which branch of a union a value took. */
interface MarkedSchema extends SettingMarks {
  readonly type?: string;
  readonly const?: Json;
  readonly enum?: readonly Json[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, MarkedSchema>>;
  readonly patternProperties?: Readonly<Record<string, MarkedSchema>>;
  readonly additionalProperties?: boolean | MarkedSchema;
  readonly items?: MarkedSchema | readonly MarkedSchema[];
  readonly anyOf?: readonly MarkedSchema[];
  readonly oneOf?: readonly MarkedSchema[];
  readonly allOf?: readonly MarkedSchema[];
}

type Affects = NonNullable<SettingMarks['affects']>;

/**
 * The settings that enter the action key: those marked `result`, without those at their legacy value and
 * those that a sibling pins. `settings` are resolved and valid by the schema. Where it is unclear which mark
 * holds (a value that fits two branches of a union) the value is kept: a needless rerun is harmless, a wrong
 * hit is not. A top-level setting without `affects` is an internal error.
 */
export function keyedSettings(schema: SettingsSchema, settings: JsonObject): JsonObject {
  const properties: Readonly<Record<string, MarkedSchema>> = schema.properties;
  for (const name of Object.keys(settings)) {
    if (properties[name]?.affects === undefined) {
      throw new Error(`Internal error: setting "${name}" is not marked as affecting result or execution`);
    }
  }
  return keyedObject(schema as MarkedSchema, settings, 'result') ?? {};
}

/** What of a value is keyed; undefined when nothing is. `inherited` is the mark of the property around it. */
function keyedValue(schema: MarkedSchema, value: Json, inherited: Affects): Json | undefined {
  const affects = schema.affects ?? inherited;
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches) return keyedByBranch(branches, value, affects);
  if (isArray(value)) return keyedArray(schema, value, affects);
  if (isObject(value)) return keyedObject(schema, value, affects);
  return affects === 'result' ? value : undefined;
}

function keyedByBranch(branches: readonly MarkedSchema[], value: Json, affects: Affects): Json | undefined {
  const projections = branches
    .filter((branch) => couldHold(branch, value))
    .map((branch) => keyedValue(branch, value, affects));
  const [first] = projections;
  const agreed = projections.length > 0 && projections.every((projection) => sameJson(projection, first));
  return agreed ? first : value;
}

function keyedArray(schema: MarkedSchema, value: readonly Json[], affects: Affects): Json | undefined {
  const { items } = schema;
  const kept = value.flatMap((item, index) => {
    const itemSchema = isArray(items) ? items[index] : items;
    const keyed = keyedValue(itemSchema ?? {}, item, affects);
    return keyed === undefined ? [] : [keyed];
  });
  return kept.length > 0 || affects === 'result' ? kept : undefined;
}

function keyedObject(schema: MarkedSchema, value: JsonObject, affects: Affects): JsonObject | undefined {
  const kept = Object.entries(value).flatMap(([name, inner]) => {
    const property = propertySchema(schema, name) ?? {};
    if (property.pinnedBy !== undefined && isSet(value[property.pinnedBy])) return [];
    const keyed = keyedValue(property, inner, affects);
    return keyed === undefined || isLegacy(property, keyed, affects) ? [] : [[name, keyed] as const];
  });
  // fromEntries and not assignment: a key named __proto__ must become a property like any other.
  return kept.length > 0 || affects === 'result' ? Object.fromEntries(kept) : undefined;
}

/** The schema of one property, wherever JSON Schema lets it be declared; undefined for an undeclared one. */
function propertySchema(schema: MarkedSchema, name: string): MarkedSchema | undefined {
  if (schema.properties && Object.hasOwn(schema.properties, name)) return schema.properties[name];
  for (const [pattern, property] of Object.entries(schema.patternProperties ?? {})) {
    if (compiled(pattern).test(name)) return property;
  }
  for (const part of schema.allOf ?? []) {
    const property = propertySchema(part, name);
    if (property) return property;
  }
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

const COMPILED = new Map<string, RegExp>();

/** Stage types have few patterns, and pipelines thousands of stages. */
function compiled(pattern: string): RegExp {
  const known = COMPILED.get(pattern);
  if (known) return known;
  const expression = new RegExp(pattern, 'u');
  COMPILED.set(pattern, expression);
  return expression;
}

function isSet(value: Json | undefined): boolean {
  return value !== undefined && value !== null;
}

function isLegacy(property: MarkedSchema, keyed: Json, affects: Affects): boolean {
  if (property.legacy === undefined) return false;
  return sameJson(keyed, keyedValue(property, property.legacy as Json, affects));
}

function sameJson(one: Json | undefined, other: Json | undefined): boolean {
  // Most are texts or numbers: writing each as JSON took longer than the rest of the comparison.
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object') return false;
  return canonicalJson(one) === canonicalJson(other);
}

/**
 * Whether a value can have come from this branch of a union. It may accept too much (formats and limits are
 * not looked at), which at worst keeps a setting in the key.
 */
function couldHold(schema: MarkedSchema, value: Json): boolean {
  if (schema.const !== undefined && !sameJson(schema.const, value)) return false;
  if (schema.enum && !schema.enum.some((choice) => sameJson(choice, value))) return false;
  if (schema.type !== undefined && !hasType(schema.type, value)) return false;
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches && !branches.some((branch) => couldHold(branch, value))) return false;
  if (schema.allOf && !schema.allOf.every((part) => couldHold(part, value))) return false;
  if (isArray(value)) return couldHoldItems(schema, value);
  return !isObject(value) || couldHoldProperties(schema, value);
}

function couldHoldItems({ items }: MarkedSchema, value: readonly Json[]): boolean {
  if (isArray(items)) {
    return (
      value.length === items.length && items.every((item, index) => couldHold(item, value[index] ?? null))
    );
  }
  return value.every((item) => couldHold(items ?? {}, item));
}

function couldHoldProperties(schema: MarkedSchema, value: JsonObject): boolean {
  if (schema.required?.some((name) => !Object.hasOwn(value, name))) return false;
  return Object.entries(value).every(([name, inner]) => {
    const property = propertySchema(schema, name);
    return property ? couldHold(property, inner) : schema.additionalProperties !== false;
  });
}

function hasType(type: string, value: Json): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return isArray(value);
  if (type === 'null') return value === null;
  if (type === 'object') return isObject(value);
  return typeof value === type;
}

function isArray<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
