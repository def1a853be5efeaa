/** One evaluation of the model during training. */
export interface Evaluation {
  /** Updates made so far minus one, as the book counts: -1 is before the first update. */
  readonly step: number;
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
}

const COLUMNS = {
  step: 'step',
  epoch: 'epoch',
  tokens_seen: 'tokensSeen',
  train_loss: 'trainLoss',
  validation_loss: 'validationLoss',
  learning_rate: 'learningRate',
  grad_norm: 'gradNorm',
} as const satisfies Record<string, keyof Evaluation>;

/**
 * The evaluations as CSV, one a line under a header line. Numbers have the fewest digits that read back as the
 * same 64-bit float; what is null is empty.
 */
export function formatHistory(evaluations: readonly Evaluation[]): string {
  const header = Object.keys(COLUMNS).join(',');
  const lines = evaluations.map((row) =>
    Object.values(COLUMNS)
      .map((field) => row[field] ?? '')
      .join(','),
  );
  return `${[header, ...lines].join('\n')}\n`;
}

/** Reads what formatHistory writes. Throws SyntaxError with the line for anything else. */
export function parseHistory(csv: string): Evaluation[] {
  const [header, ...lines] = csv.trimEnd().split('\n');
  const expected = Object.keys(COLUMNS).join(',');
  if (header !== expected) throw new SyntaxError(`line 1: expected the columns ${expected}`);
  return lines.map((line, index) => parseLine(line, index + 2));
}

function parseLine(line: string, number: number): Evaluation {
  const cells = line.split(',');
  const fields = Object.values(COLUMNS);
  if (cells.length !== fields.length) {
    throw new SyntaxError(`line ${number}: ${cells.length} cells where ${fields.length} are expected`);
  }
  const cell = (field: keyof Evaluation): string => cells[fields.indexOf(field)]!;
  const numberIn = (field: keyof Evaluation): number => {
    const value = Number(cell(field));
    if (cell(field) === '' || Number.isNaN(value)) {
      throw new SyntaxError(`line ${number}: ${field} is not a number: "${cell(field)}"`);
    }
    return value;
  };
  const optionalIn = (field: keyof Evaluation): number | null =>
    cell(field) === '' ? null : numberIn(field);
  return {
    step: numberIn('step'),
    epoch: numberIn('epoch'),
    tokensSeen: numberIn('tokensSeen'),
    trainLoss: numberIn('trainLoss'),
    validationLoss: numberIn('validationLoss'),
    learningRate: optionalIn('learningRate'),
    gradNorm: optionalIn('gradNorm'),
  };
}
