/** What a kind of template sees, and what it must use to make sense. */
export interface TemplateKind {
  readonly sees: readonly string[];
  /** Each of these must be used. */
  readonly needs: readonly string[];
  /** What would happen without. */
  readonly otherwise: string;
}

/** `prompt` of a prompt style. */
export const PROMPT_TEMPLATE = {
  sees: ['instruction', 'input', 'system', 'history'],
  needs: ['instruction'],
  otherwise: 'all records would have the same prompt',
} as const satisfies TemplateKind;

/** `response` of a prompt style. */
export const RESPONSE_TEMPLATE = {
  sees: [...PROMPT_TEMPLATE.sees, 'output'],
  needs: ['output'],
  otherwise: 'all records would have the same response',
} as const satisfies TemplateKind;

/** `prompt` of a judge: the question for one response, or for a pair. `fields` are further fields of the responses. */
export function questionTemplate({
  pairwise = false,
  fields = [],
}: {
  readonly pairwise?: boolean;
  readonly fields?: readonly string[];
}): TemplateKind {
  const pair = ['response_a', 'response_b'];
  return {
    sees: ['instruction', 'input', 'output', 'model_response', ...(pairwise ? pair : []), ...fields],
    needs: pairwise ? pair : ['model_response'],
    otherwise: 'the judge would not see what it judges',
  };
}
