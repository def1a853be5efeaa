import { Type } from 'typebox';
import type { JsonObject } from '../../../contract/json.ts';

export const label = Type.String({ minLength: 1, description: 'What the report calls this judge.' });

const scalar = Type.Union([Type.Number(), Type.String(), Type.Boolean()]);

/** Values that a server gets as they are. */
export const serverOptions = (description: string) =>
  Type.Record(Type.String(), Type.Union([scalar, Type.Array(scalar)]), { description });

/** The settings of every judge that is a language model. */
export const askingSettings = {
  prompt: Type.String({
    minLength: 1,
    description:
      'Jinja template of the question; sees instruction, input, output and model_response, and what `fields` names. A name that is none of these is an error.',
  }),
  fields: Type.Optional(
    Type.Array(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$', examples: ['rubric'] }), {
      uniqueItems: true,
      description:
        'Further fields of the responses that the prompt sees, such as a rubric; each response needs them.',
    }),
  ),
  instructions: Type.String({ description: 'Text after the question that asks for a bare number.' }),
  format: Type.Optional(
    Type.Union(
      [Type.Literal('score'), Type.Literal('json'), Type.Object({}, { additionalProperties: true })],
      {
        description:
          'Structured output, if the server has it: `score` forces the reply to be {"score": 0 to 100}, `json` to be any JSON, a JSON Schema with a property `score` to fit that.',
      },
    ),
  ),
  max_tokens: Type.Optional(
    Type.Integer({
      minimum: 1,
      description:
        'Most tokens of a reply. By default 1024 with the API of OpenAI; with Ollama a reply is cut off when it has become longer than any score.',
    }),
  ),
  ask_again: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 10,
      description:
        'How often a question is asked again, with the next `seed`, if its reply gives no score. By default never.',
    }),
  ),
  repeats: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100,
      description:
        'How often each response is scored, with another `seed` each time; its score is the mean. By default once.',
    }),
  ),
  pairwise: Type.Optional(
    Type.Boolean({
      description:
        'Compare each response with the one of the input `other_responses`, in both orders: the prompt sees response_a and response_b, the reply is A, B or tie. The score is 100 for a winner, 50 for a tie, 0 for a loser.',
    }),
  ),
  criteria: Type.Optional(
    Type.Array(
      Type.Object(
        {
          name: Type.String({ minLength: 1, description: 'Name of the criterion.' }),
          description: Type.String({ minLength: 1, description: 'What makes a response good by it.' }),
          weight: Type.Optional(
            Type.Number({ exclusiveMinimum: 0, description: 'Its weight; by default 1.' }),
          ),
        },
        { additionalProperties: false },
      ),
      {
        minItems: 1,
        maxItems: 20,
        description:
          'Criteria {name, description, weight}. Each is asked on its own, between question and instructions; the score of a response is their weighted mean.',
      },
    ),
  ),
} as const;

type Format = 'score' | 'json' | object;

/** The JSON Schema that a reply to a score question must fit; `json` where it may be any. */
export function replySchema(format: Format): JsonObject | 'json' {
  if (format === 'json') return 'json';
  return format === 'score' ? SCORE : (format as JsonObject);
}

const SCORE: JsonObject = {
  type: 'object',
  properties: { score: { type: 'integer', minimum: 0, maximum: 100 } },
  required: ['score'],
  additionalProperties: false,
};

/** Options with another seed for each repetition: at temperature 0 or with the same seed the same reply would come. */
export function withSeed<Options extends Readonly<Record<string, unknown>>>(
  options: Options,
  repeat: number,
): Options {
  return repeat > 0 && typeof options.seed === 'number'
    ? { ...options, seed: options.seed + repeat }
    : options;
}
