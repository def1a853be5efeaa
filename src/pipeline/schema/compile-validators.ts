import { Ajv, type ValidateFunction } from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import type { StageType } from '../../contract/stage-type.ts';
import { PipelineSchema, StageSchema } from './pipeline-schema.ts';
import { type JsonSchema, mapSubschemas, propertiesOf, validationSchema } from './validation-schema.ts';
import { settingsId, type Validator, type Validators } from './validator.ts';

export type { Validators } from './validator.ts';

/**
 * Compiles the validators of the file's own schema and of every stage type's settings to an ES module that
 * exports `validators`. Throws where a schema is wrong (a misspelt keyword or mark included).
 */
export function compileValidators(stageTypes: ReadonlyMap<string, StageType>): { readonly source: string } {
  const ajv = createAjv();
  const ids = addSchemas(ajv, stageTypes);
  const names = Object.fromEntries(ids.map((id, index) => [`validator${index}`, id]));
  const code = standaloneCode.default(ajv, names);
  const entries = ids.map((id, index) => `[${JSON.stringify(id)}, validator${index}]`);
  return { source: `${importRuntime(code)}\nexport const validators = new Map([${entries.join(', ')}]);\n` };
}

/** The same validators compiled in this process: for tests and tools, not for the CLI. */
export function createValidators(stageTypes: ReadonlyMap<string, StageType>): Validators {
  const ajv = createAjv();
  return new Map(addSchemas(ajv, stageTypes).map((id) => [id, ajv.getSchema(id) as ValidateFunction]));
}

/**
 * What checks the settings of a stage of the user's own. Throws an Error where the schema is wrong, or a default does not
 * fit it: the stage would get what it does not expect.
 */
export function settingsValidator(id: string, schema: JsonSchema): Validator {
  const ajv = createAjv();
  addSchema(ajv, id, schema);
  for (const [name, property] of Object.entries(propertiesOf(schema))) {
    if (property.default === undefined) continue;
    const fits = ajv.compile(validationSchema({ type: 'object', properties: { [name]: property } }));
    if (fits({ [name]: structuredClone(property.default) })) continue;
    const [error] = fits.errors ?? [];
    throw new Error(`The default of the setting \`${name}\` does not fit its schema: it ${error?.message}`);
  }
  return ajv.getSchema(id) as ValidateFunction;
}

function createAjv(): Ajv {
  const ajv = new Ajv({
    strict: true,
    // `required` may name properties that another part of the same schema declares.
    strictRequired: false,
    allErrors: true,
    useDefaults: true,
    code: { source: true, esm: true },
  });
  ajv.addKeyword({ keyword: 'affects', metaSchema: { enum: ['result', 'execution'] } });
  ajv.addKeyword({ keyword: 'pinnedBy', metaSchema: { type: 'string' } });
  ajv.addKeyword({ keyword: 'legacy', metaSchema: {} });
  ajv.addKeyword({ keyword: 'asWritten', metaSchema: { const: true } });
  ajv.addKeyword({ keyword: 'piece', metaSchema: { enum: ['models', 'prompts', 'judges', 'executors'] } });
  return ajv;
}

/** Adds every schema under its id; compiles each, so that what is wrong is known by its name. */
function addSchemas(ajv: Ajv, stageTypes: ReadonlyMap<string, StageType>): readonly string[] {
  const schemas = new Map<string, JsonSchema>([
    ['pipeline', PipelineSchema],
    ['stage', StageSchema],
    ...[...stageTypes.values()].map((type): [string, JsonSchema] => [settingsId(type.uses), type.settings]),
  ]);
  for (const [id, schema] of schemas) {
    addSchema(ajv, id, schema);
  }
  return [...schemas.keys()];
}

function addSchema(ajv: Ajv, id: string, schema: JsonSchema): void {
  try {
    checkPins(schema);
    ajv.addSchema({ ...validationSchema(schema), $id: id });
    ajv.getSchema(id);
  } catch (error) {
    throw new Error(`The schema \`${id}\` is wrong: ${(error as Error).message}`, { cause: error });
  }
}

/** A setting that is pinned by one that does not exist would silently always count as a result. */
function checkPins(schema: JsonSchema): void {
  const properties = propertiesOf(schema);
  for (const [name, { pinnedBy }] of Object.entries(properties)) {
    if (pinnedBy !== undefined && properties[String(pinnedBy)] === undefined) {
      throw new Error(`\`${name}\` is pinned by \`${pinnedBy}\`, which is not a setting next to it`);
    }
  }
  mapSubschemas(schema, (inner) => {
    checkPins(inner);
    return inner;
  });
}

/**
 * ajv's standalone code asks for its runtime with `require`, which an ES module does not have. What importing one of
 * those CommonJS modules gives differs between Node and bundlers: all of its exports, or the default one.
 */
function importRuntime(code: string): string {
  const imports: string[] = [];
  const body = code.replace(/require\("(ajv\/dist\/runtime\/\w+)"\)\.default/g, (_, module: string) => {
    const name = `runtime${imports.length}`;
    imports.push(`import ${name} from ${JSON.stringify(`${module}.js`)};`);
    return `(${name}.default ?? ${name})`;
  });
  return [...imports, body].join('\n');
}
