import type { StageType } from '../../contract/stage-type.ts';
import { PipelineSchema, StageSchema } from './pipeline-schema.ts';
import { describeSchema } from './schema-words.ts';
import { discriminatorOf, type JsonSchema, propertiesOf, validationSchema } from './validation-schema.ts';

/** The reference of pipeline files and stage types as Markdown, written from their schemas. */
export function referencePage(stageTypes: ReadonlyMap<string, StageType>): string {
  const types = [...stageTypes.values()].sort((a, b) => (a.uses < b.uses ? -1 : 1));
  const parts = [
    '# Pipeline files and stage types',
    '<!-- Written by scripts/generate-reference.mjs from the schemas in src/pipeline and src/stages. -->',
    '## Keys of a pipeline file',
    keyTable(PipelineSchema, {
      extends:
        'Path of a pipeline file that this one changes: maps merge key by key, everything else replaces, `null` removes.',
    }),
    '## Keys of a stage',
    keyTable(StageSchema, {}),
    '## How a file is read',
    RULES.map((rule) => `- ${rule}`).join('\n'),
    '## Stage types',
    'A *result* setting decides the outputs: changing it runs the stage again. An *execution* setting decides only how the work is done: changing it runs nothing. A setting inside an optional one is required if that one is given. The examples are stages of one pipeline.',
    ...types.map(stageSection),
  ];
  return `${parts.join('\n\n')}\n`;
}

const RULES = [
  'A file is one YAML 1.2 document. Refused are: numbers that are not finite, integers beyond 2^53, unquoted digests that read as numbers, duplicate keys, keys that are not text, tags, and text that is not UTF-8. Keys that begin with `x-`, at the top of the file and in a stage, are ignored: they are a place for anchors and notes.',
  'Merge keys are read as YAML 1.1 defines them: `<<: *defaults` or `<<: [*first, *second]` adds the keys of those maps. The first map wins, and keys of the map itself win over all of them. They go one level deep: a `with` of the stage replaces a merged one. A map takes one `<<`.',
  '`when` leaves a stage out where it is false. It compares parameters: `params.size == "small" and not (params.epochs > 3 or params.judge in ["chrf", "exact"])`, with `==`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `not in`, `and`, `or`, `not`, brackets, texts in quotes, numbers, lists, `true`, `false`, `null`. Values of different kinds are never compared: that is an error; `null` is equal to null alone. Nothing else of a stage that is left out is checked. A stage that takes its outputs is left out by the same `when`, or takes them as `{output: train.model, optional: true}` and is then without this input. That one says nothing of a stage that fails.',
  'Limits: 4 MiB a file, 200 levels of maps and lists, 1,000 open brackets, 100,000 values through aliases, 1,000 variants of a sweep, 1,000 `--set`, 200 characters a name. Of many mistakes the first 20 are shown.',
  'A file may be a pipe: `pipe run /dev/stdin`, `pipe run <(program)`. It is read anew on each run.',
  'URLs with a user, password or token are refused wherever they stand, in whatever spelling: pass those in variables under `secrets`.',
  '`extends`: maps merge key by key, everything else (lists too) replaces, and `null` removes what the base has. A base may extend another file. Relative paths start from the folder of the file that writes them.',
  '`${params.x}`, `${params.a.b}` and `${params}` stand for parameters in stages. As the whole value they keep their type; inside a text only text, numbers and truth values are allowed. `$${` stands for `${`. A number that a text would spell otherwise than the file does (`3.10`, `0644`, `1e5`, `0x1F`) is refused there and needs quotes; `1e-4` is not. Parameters cannot refer to each other.',
  '`--set KEY=VALUE`: a single name is a parameter, else a key of the file; a longer path begins with a key of the file, else with a parameter (`rates.low=0.1`, `stages.train.with.batch_size=4`). Values are YAML; `null` removes. Relative paths start from the current folder. `--sweep NAME=1,2` is `--set sweep.NAME=[1,2]`: it sweeps a parameter, whatever the file says.',
  'A setting that is a named piece takes a name (a file of `configs/` in the folder of the pipeline or above it, up to the project, then of the package), a path that begins with `../` or `../../`, `{use: NAME, …}` with changes, or the whole object. `--set` on a path below a name makes it `{use: NAME, …}`. Pieces hold no `${…}`.',
  'Inputs are `stage.output`, `{file: ./path}`, `{output: stage.output, optional: true}` (see `when`), or `{each: stage.output}`, which collects one output over all variants of a sweep; a stage that collects exists once. With `optional: true` it takes the variants that succeeded and does without those that failed or leave the stage out; it needs one. They are tried again by the next run. Names of inputs are up to 200 letters, digits, `_`, `-` and `.`, and do not begin with `.`.',
  '`sweep` makes one variant for each combination, the last parameter changing fastest. A parameter has a list of values, `{from: 1, to: 5, step: 1}` or `{from: 0.00001, to: 0.001, steps: 5, scale: log}`, both ends included. `exclude` leaves out the combinations that have all values of one of its points, `include` adds points, and `sample: {count: 20, seed: 1}` draws that many at random, also from ranges without steps; the same seed draws the same points, and a larger sample begins with those of a smaller one. A list of points (`sweep: [{rate: 0.1, epochs: 3}, {rate: 0.2}]`) names each; what a point leaves out has its value from `params`. A value may be an object: its `name` is what the variant is called by (`data: [{name: books, url: …}, {name: web, url: …}]` gives `data=books` and `data=web`), and `${params.data.url}` reads what is in it.',
  '`train@rate=1e-5,epochs=3` names the stages `train` of the variants with these values, in any order and spelling of numbers, wherever a stage is named (`--only`, `--force`, `cat`, `get`). A stage that comes out the same in several variants is one stage, `train`; otherwise its id names the swept parameters that it depends on: `train[learning_rate=0.00001]`.',
  'Credentials in a URL are an error: `secrets` passes them to a stage unseen.',
];

function keyTable(schema: JsonSchema, more: Readonly<Record<string, string>>): string {
  const others = Object.entries(more).map(([name, description]) => [code(name), 'text', '', '', description]);
  return table(['key', 'value', 'required', 'default', ''], [...keyRows('', schema), ...others]);
}

function keyRows(prefix: string, schema: JsonSchema): readonly (readonly string[])[] {
  return Object.entries(propertiesOf(schema)).flatMap(([key, property]) => {
    const own = [
      valueWords(property),
      requiredText(key, schema),
      defaultText(property),
      descriptionOf(property),
    ];
    return [[code(prefix + key), ...own], ...keyRows(`${prefix}${key}.`, property)];
  });
}

function stageSection(type: StageType): string {
  const settings = settingRows('', type.settings, 'result');
  const parts = [`### ${type.uses}`, type.summary];
  if (type.example !== undefined) parts.push(`\`\`\`yaml\n${type.example.trim()}\n\`\`\``);
  if (settings.length > 0)
    parts.push(table(['setting', 'value', 'required', 'default', 'decides', ''], settings));
  parts.push(inputsText(type), outputsText(type));
  return parts.join('\n\n');
}

/** A row for each setting; objects and choices inside settings follow with dotted names. */
function settingRows(prefix: string, schema: JsonSchema, inherited: string): readonly (readonly string[])[] {
  return Object.entries(propertiesOf(schema)).flatMap(([key, property]) => {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    const affects = (property.affects as string | undefined) ?? inherited;
    const pinned =
      property.pinnedBy === undefined ? '' : ` (execution where \`${property.pinnedBy}\` is given)`;
    const piece = property.piece === undefined ? '' : `name in \`configs/${property.piece}\`, or `;
    const own = [
      code(name),
      `${piece}${valueWords(property)}`,
      requiredText(key, schema),
      defaultText(property),
      `${affects}${pinned}`,
      descriptionOf(property),
    ];
    return [own, ...innerRows(name, property, affects)];
  });
}

function innerRows(name: string, schema: JsonSchema, affects: string): readonly (readonly string[])[] {
  const branches = schema.anyOf as readonly JsonSchema[] | undefined;
  const discriminator = branches && discriminatorOf(branches);
  if (branches === undefined || discriminator === undefined) return settingRows(name, schema, affects);
  return branches.flatMap((branch) => {
    const { [discriminator]: constant, ...properties } = propertiesOf(branch);
    return settingRows(`${name}[${discriminator}=${constant!.const}]`, { ...branch, properties }, affects);
  });
}

function inputsText({ inputs }: StageType): string {
  if (inputs === 'any') return 'Inputs: any, by names of your choice.';
  const rows = Object.entries(inputs).map(([name, input]) => [
    code(name),
    `${input.artifact}${input.collects ? ', also `{each: …}`' : ''}`,
    input.optional ? '' : 'yes',
    input.description,
  ]);
  return rows.length === 0 ? 'Inputs: none.' : table(['input', 'kind', 'required', ''], rows);
}

/** Outputs whose names are known; a description says which of them hang on a setting. */
function outputsText(type: StageType): string {
  const outputs = knownOutputs(type);
  if (outputs === undefined) return 'Outputs: as the settings say.';
  return table(
    ['output', 'kind', ''],
    Object.entries(outputs).map(([name, { artifact, description }]) => [code(name), artifact, description]),
  );
}

/** The outputs of a stage that has all settings, each of them empty; none where settings name the outputs. */
function knownOutputs(type: StageType): ReturnType<StageType['outputs']> | undefined {
  const settings = Object.keys(type.settings.properties).map((name) => [name, {}]);
  try {
    const outputs = type.outputs(Object.fromEntries(settings));
    return Object.keys(outputs).length > 0 ? outputs : undefined;
  } catch {
    return undefined;
  }
}

function valueWords(schema: JsonSchema): string {
  const branches = schema.anyOf as readonly JsonSchema[] | undefined;
  if (branches !== undefined && discriminatorOf(branches) !== undefined) return 'an object';
  const limits = LIMITS.flatMap(([keyword, sign]) =>
    schema[keyword] === undefined ? [] : [`${sign} ${schema[keyword]}`],
  );
  return [describeSchema(validationSchema(schema)), ...limits]
    .join(', ')
    .replace(' (`key: value` lines)', '');
}

const LIMITS = [
  ['minimum', '≥'],
  ['exclusiveMinimum', '>'],
  ['maximum', '≤'],
  ['exclusiveMaximum', '<'],
] as const;

/** Of a setting inside another: whether that one must have it. */
function requiredText(key: string, { required, ...schema }: JsonSchema): string {
  const names = (required ?? []) as readonly string[];
  return names.includes(key) && propertiesOf(schema)[key]?.default === undefined ? 'yes' : '';
}

function defaultText(schema: JsonSchema): string {
  return schema.default === undefined ? '' : code(JSON.stringify(schema.default));
}

function descriptionOf(schema: JsonSchema): string {
  return (schema.description as string | undefined) ?? '';
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
