/** One evaluation of the model during training. */
export interface Evaluation {
  /** Updates made before it. */
  readonly updates: number;
  /** Passes over the training data made so far, a fraction within a pass. */
  readonly epoch: number;
  /** Tokens of all training batches so far, padding included. */
  readonly tokensSeen: number;
  readonly trainLoss: number;
  readonly validationLoss: number;
  /** Learning rate of the last update; null before the first. */
  readonly learningRate: number | null;
  /** Euclidean norm of all gradients of the last update; null before the first. */
  readonly gradNorm: number | null;
  /** What else was measured on both data sets, by the name of its column: the same in each evaluation, or absent. */
  readonly measures?: Readonly<Record<string, number>>;
  /** The weights of this evaluation are those of the result, because it was the best. */
  readonly kept?: true;
}

/** The number of an evaluation in the book: that of the last update, the first of which is step 0; -1 before training. */
export function bookStep({ updates }: Pick<Evaluation, 'updates'>): number {
  return updates - 1;
}

/** The evaluation of the weights that a training gives: the one that it kept, else the last. */
export function evaluationOfResult(history: readonly Evaluation[]): Evaluation | undefined {
  return history.find(({ kept }) => kept) ?? history.at(-1);
}

const STEP = 'step';

/** The columns right of the step. */
const COLUMNS = {
  epoch: 'epoch',
  tokens_seen: 'tokensSeen',
  train_loss: 'trainLoss',
  validation_loss: 'validationLoss',
  learning_rate: 'learningRate',
  grad_norm: 'gradNorm',
} as const satisfies Record<string, Exclude<keyof Evaluation, 'updates' | 'measures' | 'kept'>>;

/** Last column of a training that kept its best evaluation: a 1 in that one's line, nothing in the others. */
const KEPT = 'kept';

/**
 * The evaluations as CSV, one a line under a header line; further measures stand at the right. Numbers have the fewest
 * digits that read back as the same 64-bit float; what is null is empty.
 */
export function formatHistory(evaluations: readonly Evaluation[]): string {
  const measures = Object.keys(evaluations[0]?.measures ?? {});
  const marked = evaluations.some(({ kept }) => kept) ? [KEPT] : [];
  const header = [STEP, ...Object.keys(COLUMNS), ...measures, ...marked].join(',');
  const lines = evaluations.map((row) =>
    [
      bookStep(row),
      ...Object.values(COLUMNS).map((field) => row[field] ?? ''),
      ...measures.map((name) => row.measures?.[name]),
      ...marked.map(() => (row.kept ? 1 : '')),
    ].join(','),
  );
  return `${[header, ...lines].join('\n')}\n`;
}

/** Reads what formatHistory writes. Throws SyntaxError with the line for anything else. */
export function parseHistory(csv: string): Evaluation[] {
  const [header, ...lines] = csv.trimEnd().split('\n');
  const expected = [STEP, ...Object.keys(COLUMNS)];
  const columns = header!.split(',');
  if (expected.some((name, i) => columns[i] !== name)) {
    throw new SyntaxError(`line 1: expected the columns ${expected.join(',')}`);
  }
  return lines.map((line, index) => parseLine(line, index + 2, columns.slice(expected.length)));
}

function parseLine(line: string, number: number, further: readonly string[]): Evaluation {
  const cells = line.split(',');
  const fields: readonly string[] = [STEP, ...Object.values(COLUMNS), ...further];
  if (cells.length !== fields.length) {
    throw new SyntaxError(`line ${number}: ${cells.length} cells where ${fields.length} are expected`);
  }
  const measures = further.filter((name) => name !== KEPT);
  const cell = (field: string): string => cells[fields.indexOf(field)]!;
  const numberIn = (field: string): number => {
    const value = Number(cell(field));
    if (cell(field) === '' || Number.isNaN(value)) {
      throw new SyntaxError(`line ${number}: ${field} is not a number: "${cell(field)}"`);
    }
    return value;
  };
  const optionalIn = (field: string): number | null => (cell(field) === '' ? null : numberIn(field));
  return {
    updates: numberIn(STEP) + 1,
    epoch: numberIn('epoch'),
    tokensSeen: numberIn('tokensSeen'),
    trainLoss: numberIn('trainLoss'),
    validationLoss: numberIn('validationLoss'),
    learningRate: optionalIn('learningRate'),
    gradNorm: optionalIn('gradNorm'),
    ...(measures.length > 0 && {
      measures: Object.fromEntries(measures.map((name) => [name, numberIn(name)])),
    }),
    ...(further.includes(KEPT) && cell(KEPT) === '1' && { kept: true }),
  };
}
